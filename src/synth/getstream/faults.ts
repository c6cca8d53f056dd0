/** What can go wrong with one request. `accept: true` = the request takes effect, only its answer goes wrong. */
export type Fault =
  /** Answered with this status and Stream's error body. */
  | { kind: "status"; status: number; code: number; message?: string; accept?: boolean }
  /** Answered with a page instead of JSON, as an edge does. */
  | { kind: "html"; status: number; accept?: boolean }
  /** 429; the window ends at `resetAt` (epoch ms). */
  | { kind: "rateLimit"; resetAt: number }
  /** The connection is closed without an answer. */
  | { kind: "drop"; accept?: boolean }
  /** The answer comes late. */
  | { kind: "delay"; ms: number }
  /** No answer ever; with `accept` the "accepted but timed out". */
  | { kind: "hang"; accept?: boolean }
  /** Carried out and answered with broken JSON. */
  | { kind: "malformed" };

/** Faults waiting for their request, by operation, in order. */
export class Faults {
  readonly #waiting = new Map<string, Fault[]>();

  add(operation: string, fault: Fault, times = 1): void {
    const list = this.#waiting.get(operation) ?? [];
    list.push(...Array.from({ length: times }, () => fault));
    this.#waiting.set(operation, list);
  }

  take(operation: string): Fault | undefined {
    return this.#waiting.get(operation)?.shift();
  }

  clear(): void {
    this.#waiting.clear();
  }
}
