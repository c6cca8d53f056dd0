import type { Clock } from "../core/clock.ts";

export interface HeldLease {
  clock: Clock;
  /** How often it is renewed, ms. */
  renewMs: number;
  /** @returns false when it is no longer ours */
  renew(): Promise<boolean>;
}

/** Works while renewing a lease; a lost lease or a stopping node aborts the work's signal. */
export async function underLease<T>(
  { clock, renewMs, renew }: HeldLease,
  stopping: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const lost = new AbortController();
  const renewing = (async () => {
    while (!over.signal.aborted) {
      await clock.sleep(renewMs, over.signal);
      if (over.signal.aborted) return;
      // A database that is away for a moment has not given it to another.
      const ours = await renew().catch(() => true);
      if (!ours) lost.abort(new Error("another worker has taken over"));
    }
  })();
  try {
    return await work(AbortSignal.any([stopping, lost.signal]));
  } finally {
    over.abort();
    await renewing;
  }
}
