/** Sender reports an answer may still refer to: a minute of them, and longer than any queue a transport survives. */
const remembered = 64;
/** An older measurement says nothing: browsers' reports of sound are up to 7.5 s apart. */
const freshMs = 15_000;

/** How long packets and their answers are under way, told by the sender reports a receiver echoes (RFC 3550 §6.4.1). */
export class RoundTrip {
  #sent: { id: number; at: number }[] = [];
  #shortestMs = Number.POSITIVE_INFINITY;
  #latest: { tookMs: number; at: number } | undefined;

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
    this.#latest = next
      ? { tookMs: Math.max(tookMs, at - next.at), at }
      : { tookMs, at: at - heldMs };
  }

  /** What was measured so far says nothing of what is sent from now on. */
  restart(): void {
    this.#sent = [];
    this.#latest = undefined;
  }

  /** How much longer than the shortest the latest took or takes, ms: so long packets wait somewhere on the way. */
  waitingMs(now: number): number {
    if (!this.#latest || now - this.#latest.at > freshMs) return 0;
    return this.#latest.tookMs - this.#shortestMs;
  }
}
