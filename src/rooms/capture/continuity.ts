import { TokenBucket } from "../../core/limits/tokenBucket.ts";
import { ClockOffset } from "../../media/format/time/clockOffset.ts";
import { type Arrival, isLevel, isMadeUpFor, UsualLateness } from "./lateness.ts";
import type { ContinuitySink } from "./pieces.ts";

/** A frame as it came: its time by its sender, unwrapped, when it arrived, and how far off the line that is; all ms. */
interface Held<F> extends Arrival {
  frame: F;
  senderMs: number;
}

/** A sender's media clock and ours drift apart by less than this, ms per ms. */
const maxDrift = 1200e-6;
/** A frame that much off the line is looked at, ms: pauses from 0.2 s on must be seen, networks and encoders vary. */
const suspiciousMs = 80;
/** A frame that much later than the one before begins a pause, or a stall of the network; ms. */
const suddenMs = 60;
/** How early the beginning of a piece may still be found out to be, and for how long; ms. A network may have held back the first. */
const beginning = {
  forMs: 2000,
  frames: 25,
  sparseMs: 200,
  earlyMs: 1000,
  firstEarlyMs: 5000,
} as const;
/** The frames of this much time decide where a source begins, or a time that jumped; ms. */
const decisionMs = 300;
/** The frames of this much time decide whether the sender paused, ms. */
const levelMs = 900;
/** Frames that come in real time keep their distance from the line within this, ms. */
const steadyMs = 60;
/** A decision waits for no longer than this, frames and ms. */
const most = { frames: 1000, waitMs: 3000 } as const;
/** When a new source begins during a stall of the network, its first frames come so late at most, ms. */
const longestStallMs = 30_000;
/** So few frames on their own are not a new time but wrong ones. */
const strayFrames = 3;
/** What comes in less than this share of the time in which it was made is a burst. */
const burst = 0.5;
/** Frames that took so long to come are in pace; a pause this long after others is one; ms. */
const pacedMs = 60;
const secondPauseMs = 400;
/** When nothing follows them, they stay where their sender put them if they are not later than this, and this share of the silence before. */
const few = { lateMs: 1000, share: 0.5 } as const;
/** Pieces that frames themselves may begin, at once and a second: beyond that, times make no sense and frames belong where they arrive. */
const pieces = { atOnce: 200, perSecond: 0.5 } as const;

/** Pictures may be sent before others that are shown earlier, ms. */
const reorderedMs = 500;

/**
 * Gives the frames of one track media times that run with real time. A sender's own time may run on without a gap while it
 * pauses (a muted microphone), or jump. The arrival of frames tells: frames that keep arriving off the line on which all
 * before them came begin a new piece, at the place where they arrived. Frames that a network has held back arrive in a
 * burst and end on the line: they stay where their sender put them. To tell one from the other, some frames are held for
 * a moment whenever one arrives suddenly off the line.
 */
export class Continuity<F> {
  #sink: ContinuitySink<F>;
  /** What is added to the sender's time to make media time, ms; undefined before the next frame, which begins anew. */
  #shift: number | undefined;
  /** The sender began anew: all that is held is its beginning. */
  #begins = false;
  /** Arrival against media time. */
  #line = new ClockOffset(maxDrift);
  #begunAt = 0;
  /** The piece was begun by its sender or the recording, not by what frames told. */
  #begunByItself = true;
  #framesSince = 0;
  #usual = new UsualLateness();
  #pieces = 0;
  #credit = new TokenBucket(pieces.perSecond, pieces.atOnce);
  #previousOff = 0;
  /** What was held back and is still late, as long as it is not known whether all of it will be made up for. */
  #late: Arrival[] | undefined;
  #lastMs = 0;
  #lastArrival = 0;
  #held: Held<F>[] = [];

  constructor(sink: ContinuitySink<F>) {
    this.#sink = sink;
  }

  /** Media time minus the sender's, ms, while `placed`. */
  get shiftMs(): number {
    return this.#shift ?? 0;
  }

  /** The sender's time is understood: there was a frame, and none waits for a decision. */
  get placed(): boolean {
    return this.#shift !== undefined && this.#held.length === 0;
  }

  /** Frames wait for a decision. */
  get placing(): boolean {
    return this.#held.length > 0;
  }

  push(frame: F, senderMs: number, arrivedAt: number): void {
    if (this.#shift === undefined) this.#begin(senderMs, arrivedAt);
    const offMs = arrivedAt - senderMs - this.shiftMs - this.#line.latest;
    const arrived = { frame, senderMs, arrivedAt, offMs };
    if (this.#begins) this.#holdBeginning(arrived);
    else if (this.#held.length > 0 || this.#staysLate(arrived) || this.#isSudden(arrived))
      this.#hold(arrived);
    else this.#pass(arrived);
  }

  /** A frame that came after later ones, because it was lost and sent again: when it came tells nothing. */
  pushOvertaken(frame: F, senderMs: number, arrivedAt: number): void {
    const offMs = this.#held.at(-1)?.offMs ?? this.#previousOff;
    const inPace = senderMs + this.shiftMs + this.#line.latest + offMs;
    this.push(frame, senderMs, this.#shift === undefined ? arrivedAt : inPace);
  }

  /** What comes next has a time base of its own. */
  restart(): void {
    this.flush();
    this.#late = undefined;
    this.#shift = undefined;
  }

  /** Decides when it is time to; `now` is monotonic, ms. */
  tick(now: number): void {
    const [first] = this.#held;
    if (first && now - first.arrivedAt >= most.waitMs) this.flush();
  }

  /** Decides at once. */
  flush(): void {
    if (this.#begins) this.#split();
    else if (this.#isPiece() && this.#mayBegin()) this.#split();
    else this.#release((one) => this.#isBarelyLate(one) || this.#isExplained(one));
  }

  /** Many frames, or frames as late as the silence before them was long; a few others alone begin no piece. */
  #isPiece(): boolean {
    const [first] = this.#held;
    const last = this.#held.at(-1);
    if (!first || !last) return false;
    const late = this.#isLate(first);
    if (this.#held.length <= strayFrames) return late && !this.#isBarelyLate(first);
    // A burst that nothing follows was held back by a network.
    return !late || !this.#isBurst(first, last);
  }

  #isBurst(first: Held<F>, last: Held<F>): boolean {
    return last.arrivedAt - first.arrivedAt < (last.senderMs - first.senderMs) * burst;
  }

  #begin(senderMs: number, arrivedAt: number): void {
    if (this.#pieces === 0) {
      this.#shift = -senderMs;
      this.#line.add(0, arrivedAt);
      this.#startLine(arrivedAt);
      return;
    }
    this.#shift = arrivedAt - this.#line.latest - senderMs;
    this.#begins = true;
  }

  /** A network may have held back the first frames: where they belong is told by those that come in pace. */
  #holdBeginning(arrived: Held<F>): void {
    this.#held.push(arrived);
    const heldMs = arrived.arrivedAt - (this.#held[0]?.arrivedAt ?? 0);
    const decided = heldMs >= decisionMs && this.#isSteady();
    if (decided || heldMs >= most.waitMs || this.#held.length >= most.frames) this.#split();
  }

  #startPiece(
    first: F,
    { shift, atMs, arrivedAt }: { shift: number; atMs: number; arrivedAt: number },
  ): void {
    this.#sink.piece({ atMs, endMs: this.#lastMs, arrivedAt }, first);
    this.#shift = shift;
    this.#startLine(arrivedAt);
  }

  #startLine(arrivedAt: number): void {
    this.#pieces++;
    this.#begunAt = arrivedAt;
    this.#framesSince = 0;
    this.#previousOff = 0;
  }

  /** What stays as late as it is was no network: its sender paused, and it begins anew where it arrives. */
  #staysLate({ arrivedAt, offMs }: Held<F>): boolean {
    const late = this.#late;
    if (!late) return false;
    if (offMs <= suspiciousMs) {
      this.#late = undefined;
      return false;
    }
    late.push({ arrivedAt, offMs });
    const since = arrivedAt - levelMs;
    if ((late[0]?.arrivedAt ?? arrivedAt) > since) return false;
    // One older than the window is kept: it tells that the window is full.
    while ((late[1]?.arrivedAt ?? arrivedAt) < since) late.shift();
    if (!isLevel(late, levelMs)) return false;
    this.#late = undefined;
    this.#previousOff = 0;
    return true;
  }

  #isSudden({ arrivedAt, offMs }: Held<F>): boolean {
    if (offMs > suspiciousMs)
      return offMs - this.#previousOff > suddenMs && offMs > this.#usual.unusualMs;
    const { forMs, frames, sparseMs, earlyMs, firstEarlyMs } = beginning;
    const sparse = this.#lastArrival - this.#begunAt >= (this.#framesSince - 1) * sparseMs;
    const young = arrivedAt - this.#begunAt < forMs || (sparse && this.#framesSince < frames);
    const begunEarlyMs = this.#begunByItself ? firstEarlyMs : earlyMs;
    return offMs < -(young ? begunEarlyMs : suspiciousMs);
  }

  #mayBegin(): boolean {
    const last = this.#held.at(-1);
    return last !== undefined && this.#credit.take(1, last.arrivedAt);
  }

  #hold(arrived: Held<F>): void {
    if (this.#tellsOfAnother(arrived)) {
      this.push(arrived.frame, arrived.senderMs, arrived.arrivedAt);
      return;
    }
    this.#held.push(arrived);
    const [first] = this.#held;
    if (!first) return;
    // Back on the line, from late: it was the network. From elsewhere: stray frames.
    const back = Math.abs(arrived.offMs) <= Math.max(suddenMs, this.#previousOff);
    const heldMs = arrived.arrivedAt - first.arrivedAt;
    if (back && (this.#isLate(first) || this.#held.length <= strayFrames + 1))
      this.#release((one) => this.#isExplained(one));
    else if (this.#isAnew(first, heldMs)) this.#begunAnew();
    else if (heldMs >= most.waitMs || this.#held.length >= most.frames) this.#decideLate();
  }

  /** A network that makes up for a stall slowly looks like a pause at first; a time that jumps is told from it at once. */
  #isAnew(first: Held<F>, heldMs: number): boolean {
    if (!this.#isLate(first)) return heldMs >= decisionMs && this.#isSteady();
    return heldMs >= levelMs && isLevel(this.#held, levelMs);
  }

  /** Some seconds have not told. What still comes closer to the line was held back by a network, which takes its time. */
  #decideLate(): void {
    if (isMadeUpFor(this.#held)) {
      this.#release((one) => this.#isExplained(one));
      this.#late = [];
    } else this.flush();
  }

  #begunAnew(): void {
    if (this.#mayBegin()) this.#split();
    else this.#release((one) => this.#isExplained(one));
  }

  /** Another pause, or a time that jumps: it is not decided with what is held, which then is decided already. */
  #tellsOfAnother(arrived: Held<F>): boolean {
    const [first] = this.#held;
    const last = this.#held.at(-1);
    if (!first || !last) return false;
    // No network makes anything early.
    if (arrived.offMs < -suspiciousMs && last.offMs >= -suspiciousMs && this.#isLate(first)) {
      this.#decideLate();
      return true;
    }
    const suddenly = arrived.offMs - last.offMs > Math.max(suddenMs, this.#usual.unusualMs);
    return suddenly && this.#decideEarly(arrived);
  }

  /**
   * Another pause follows already: what is held is decided by itself. A network that stands still again before all is
   * delivered does so soon, and its packets come at once.
   */
  #decideEarly(next: Held<F>): boolean {
    const [first] = this.#held;
    const last = this.#held.at(-1);
    if (!first || !last) return false;
    const silentMs = next.arrivedAt - last.arrivedAt;
    const heldMs = last.arrivedAt - first.arrivedAt;
    if (heldMs >= (silentMs < secondPauseMs ? pacedMs : decisionMs / 2) && isMadeUpFor(this.#held))
      return false;
    const flat = this.#isFlat(this.#held.slice(this.#held.length >> 1));
    if (!flat && !this.#isBurst(first, last)) return false;
    const inPace = flat && this.#held.length > strayFrames && heldMs >= pacedMs;
    if (!inPace && silentMs < secondPauseMs) return false;
    this.flush();
    return true;
  }

  #isFlat(held: Held<F>[]): boolean {
    const leastMs = leastOf(held);
    return held.every(({ offMs }) => offMs <= leastMs + steadyMs);
  }

  /** A pause would make a frame as late as the time is long in which none came. */
  #isBarelyLate({ arrivedAt, offMs }: Held<F>): boolean {
    const silentMs = arrivedAt - this.#lastArrival;
    return Math.abs(offMs) <= Math.max(suspiciousMs, Math.min(few.lateMs, silentMs * few.share));
  }

  /** It came late, by no more than the time in which nothing came. */
  #isLate({ arrivedAt, offMs }: Held<F>): boolean {
    return offMs > 0 && offMs <= arrivedAt - this.#lastArrival + this.#previousOff + suspiciousMs;
  }

  /** A frame on the line, one that the network has held back, or one that is shown before the last. */
  #isExplained(held: Held<F>): boolean {
    const { senderMs, offMs } = held;
    if (Math.abs(offMs) <= suspiciousMs || this.#isLate(held)) return true;
    return offMs > 0 && offMs <= reorderedMs && senderMs + this.shiftMs <= this.#lastMs;
  }

  /** Whether frames arrive as fast as they were made, rather than in a burst. */
  #isSteady(): boolean {
    const last = this.#held.at(-1);
    if (!last) return false;
    const since = (ms: number) => last.arrivedAt - ms;
    const recent = since(decisionMs / 2);
    const first = since(2 * decisionMs);
    let [leastBefore, leastRecent] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const { arrivedAt, offMs } of this.#held) {
      if (arrivedAt > recent) leastRecent = Math.min(leastRecent, offMs);
      else if (arrivedAt >= first) leastBefore = Math.min(leastBefore, offMs);
    }
    if (leastBefore === Number.POSITIVE_INFINITY) return false;
    return Math.abs(leastBefore - leastRecent) <= steadyMs;
  }

  /** What is held belongs where its sender put it, but for single frames with a wrong time. */
  #release(isExplained: (held: Held<F>) => boolean): void {
    for (const one of this.#held.splice(0))
      if (isExplained(one)) this.#pass(one);
      else this.#stray(one);
  }

  /** What is held is a new piece, which begins where its frames arrive with the least delay. */
  #split(): void {
    const held = this.#held.splice(0);
    const [first] = held;
    if (!first) return;
    // A burst may come before: its frames tell nothing of the line.
    const lateMs = leastOf(this.#isFlat(held) ? held : held.slice(held.length >> 1));
    const atMs = Math.max(first.senderMs + this.shiftMs + lateMs, this.#lastMs + 1);
    const { frame, senderMs, arrivedAt } = first;
    const mostMs = this.#begins ? longestStallMs : most.waitMs;
    this.#begunByItself = this.#begins;
    this.#begins = false;
    this.#startPiece(frame, { shift: atMs - senderMs, atMs, arrivedAt });
    for (const one of held) {
      const offMs = one.arrivedAt - one.senderMs - this.shiftMs - this.#line.latest;
      if (Math.abs(offMs) <= mostMs) this.#pass({ ...one, offMs });
      else this.#stray(one);
    }
  }

  /** Its time says nothing: it belongs where it arrived. */
  #stray({ frame, arrivedAt }: Held<F>): void {
    this.#emit(frame, Math.max(arrivedAt - this.#line.latest, this.#lastMs + 1), arrivedAt);
  }

  #pass({ frame, senderMs, arrivedAt, offMs }: Held<F>): void {
    const mediaMs = senderMs + this.shiftMs;
    this.#line.add(mediaMs, arrivedAt);
    this.#previousOff = Math.max(0, offMs);
    this.#usual.add(this.#previousOff);
    this.#framesSince++;
    this.#emit(frame, mediaMs, arrivedAt);
  }

  #emit(frame: F, mediaMs: number, arrivedAt: number): void {
    this.#lastMs = Math.max(this.#lastMs, mediaMs);
    this.#lastArrival = arrivedAt;
    this.#sink.frame(frame, mediaMs);
  }
}

const leastOf = (held: { offMs: number }[]): number =>
  held.reduce((least, { offMs }) => Math.min(least, offMs), Number.POSITIVE_INFINITY);
