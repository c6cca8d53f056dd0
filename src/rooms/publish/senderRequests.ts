import { KeyframeRequests, keyframeRetryMs } from "../rtp/keyframeRequests.ts";
import { MissingPackets } from "../rtp/missingPackets.ts";
import { nack, pictureLoss, receiverReport } from "../rtp/rtcp.ts";
import type { MediaLine } from "../sdp/offer.ts";

/** What is asked of the sender of a track: packets that were lost, and keyframes. Times are ms of one monotonic clock. */
export class SenderRequests {
  /** Requests for a packet so far. */
  nacks = 0;
  /** Requests for a keyframe so far. */
  keyframes = 0;
  #line: MediaLine;
  #own: number;
  #send: (rtcp: Buffer) => void;
  #timing = new KeyframeRequests();
  #keyframeWanted = false;
  /** Present while somebody needs every packet. */
  #missing: MissingPackets | undefined;

  /** `own` is the SSRC of our feedback, `send` takes RTCP packets. */
  constructor(line: MediaLine, own: number, send: (rtcp: Buffer) => void) {
    this.#line = line;
    this.#own = own;
    this.#send = send;
  }

  /** How and when a sender answered, and what of it is under way. */
  get timing(): KeyframeRequests {
    return this.#timing;
  }

  /** What follows is a new stream with numbers of its own. */
  startOver(): void {
    this.#timing = new KeyframeRequests();
    this.#missing &&= new MissingPackets();
  }

  /** Whether lost packets are asked for from now on, where that is of use: sound comes again also where it was not agreed on. */
  needAll(needed: boolean): void {
    if (!needed) this.#missing = undefined;
    else if (this.#line.retransmits || this.#line.kind === "audio")
      this.#missing ??= new MissingPackets();
  }

  /** Notes an arrival, and asks for what is missing before it. */
  arrived(sequence: number, ssrc: number | undefined, now: number): void {
    this.#missing?.arrived(sequence, now);
    this.askForMissing(ssrc, now);
  }

  /** Whether a packet may still come. */
  coming = (sequence: number): boolean => this.#missing?.has(sequence) ?? false;

  /** Whether a packet behind the latest keyframe is awaited for so long that a keyframe may come sooner. */
  overdue(now: number): boolean {
    return this.#missing?.overdue(now, this.#timing.latest) ?? false;
  }

  askForMissing(ssrc: number | undefined, now: number): void {
    if (!this.#missing || this.#missing.size === 0 || ssrc === undefined) return;
    const due = this.#missing.due(now);
    if (due.length === 0) return;
    this.nacks += due.length;
    this.#feedback(nack(this.#own, ssrc, due));
  }

  /** Asks for a keyframe on behalf of others, as soon as it may be asked for again. */
  want(ssrc: number | undefined, now: number): void {
    this.#keyframeWanted = true;
    this.passOn(false, ssrc, now);
  }

  /** Asks for the keyframe others want or need: they ask themselves, and again, so their requests are bundled. */
  passOn(needed: boolean, ssrc: number | undefined, now: number): void {
    if (!needed && !this.#keyframeWanted) return;
    if (this.#timing.sinceAsked(now) >= keyframeRetryMs) this.askForKeyframe(ssrc, now);
  }

  askForKeyframe(ssrc: number | undefined, now: number): void {
    if (this.#line.kind !== "video" || ssrc === undefined) return;
    this.#timing.asked(now);
    this.#keyframeWanted = false;
    this.keyframes++;
    this.#feedback(pictureLoss(this.#own, ssrc));
  }

  /** Feedback travels behind an empty report, as a compound packet must (RFC 4585 §3.1). */
  #feedback(packet: Buffer): void {
    this.#send(Buffer.concat([receiverReport(this.#own), packet]));
  }
}
