/** Sender reports an answer may still refer to. */
const remembered = 8;

/** How long packets and their answers are under way, told by the sender reports a receiver echoes (RFC 3550 §6.4.1). */
export class RoundTrip {
  #sent: { id: number; at: number }[] = [];
  #shortestMs = Number.POSITIVE_INFINITY;
  #latestMs: number | undefined;

  /** A sender report has been sent; `id` is the middle of its NTP time. */
  sent(id: number, at: number): void {
    this.#sent.push({ id, at });
    if (this.#sent.length > remembered) this.#sent.shift();
  }

  /** The receiver names the last one it got, `heldMs` ago. */
  echoed(id: number, heldMs: number, at: number): void {
    // One that is told again has the same name.
    const index = this.#sent.findLastIndex((one) => one.id === id);
    const report = this.#sent[index];
    if (!report) return;
    const tookMs = Math.max(0, at - report.at - heldMs);
    this.#shortestMs = Math.min(this.#shortestMs, tookMs);
    // The next one is still under way: a queue that grows is seen before anything has come through it.
    const next = this.#sent[index + 1];
    this.#latestMs = next ? Math.max(tookMs, at - next.at) : tookMs;
  }

  /** What was measured so far says nothing of what is sent from now on. */
  restart(): void {
    this.#sent = [];
    this.#latestMs = undefined;
  }

  /** How much longer than the shortest the latest took or takes, ms: so long packets wait somewhere on the way. */
  get waitingMs(): number {
    return this.#latestMs === undefined ? 0 : this.#latestMs - this.#shortestMs;
  }
}
