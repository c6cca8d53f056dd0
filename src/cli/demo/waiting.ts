import type { Clock } from "../../core/clock.ts";

/** Asks until there is an answer other than undefined; undefined when time is up. @throws the signal's reason, and what `ask` throws */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  {
    clock,
    signal,
    everyMs,
    forMs,
  }: { clock: Clock; signal: AbortSignal; everyMs: number; forMs: number },
): Promise<T | undefined> {
  const end = clock.now() + forMs;
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined || clock.now() >= end) return answer;
    await clock.sleep(everyMs, signal);
  }
}
