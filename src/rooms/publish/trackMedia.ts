import type { Depacketizer } from "../codecs/depacketizer.ts";
import { FrameAssembler, type TimedFrame } from "../codecs/frames.ts";
import { H264Depacketizer } from "../codecs/h264.ts";
import { OpusDepacketizer } from "../codecs/opus.ts";
import { Vp8Depacketizer } from "../codecs/vp8.ts";
import type { RtpPacket } from "../rtp/packet.ts";
import { ReorderBuffer } from "../rtp/reorder.ts";
import type { MediaLine } from "../sdp/offer.ts";
import { type Keeping, KeptGroup } from "./keptGroup.ts";

/** So long a new tap waits for the keyframe that was asked for before it begins with the one of before, ms. */
export const keyframeGraceMs = 500;
/** A packet that nobody sends again can only have been overtaken, ms. */
const reorder = { waitMs: 80, capacity: 4096 };

export interface MediaListener {
  /** A keyframe is there as a whole. */
  keyframe(): void;
  /** It takes a keyframe that begins at that sequence number or later. */
  damaged(sequence: number): void;
  /** A keyframe is arriving just now. */
  keyframeUnderWay(now: number): boolean;
}

interface Tap {
  /** False when it could not be taken: video then pauses until the next keyframe. */
  take: (frame: TimedFrame) => boolean;
  /** Until a keyframe comes nothing is handed over, */
  waiting: boolean;
  /** or, from then on, the kept group, ms. */
  heldUntil: number;
  /** A frame came, or a report of a camera that is on: the sender is not silent. */
  heard: boolean;
  lost: number;
  dropped: number;
}

function depacketizerFor(line: MediaLine): Depacketizer {
  if (line.codec === "opus") return new OpusDepacketizer();
  return line.codec === "VP8" ? new Vp8Depacketizer() : new H264Depacketizer(line.parameterSets);
}

/**
 * One stream of media: its packets in order and its frames put together, whether or not somebody taps it, so that what
 * a decoder needs is known when somebody begins to. All times are ms of one monotonic clock.
 */
export class TrackMedia {
  #video: boolean;
  #listener: MediaListener;
  #reorder: ReorderBuffer<RtpPacket>;
  #frames: FrameAssembler;
  #group: KeptGroup;
  #tap: Tap | undefined;
  #past = { lost: 0, dropped: 0 };

  constructor(line: MediaLine, keeping: Keeping, listener: MediaListener) {
    this.#video = line.kind === "video";
    this.#listener = listener;
    this.#group = new KeptGroup(keeping);
    const frames = new FrameAssembler(depacketizerFor(line), this.#video, {
      frame: (frame) => this.#frame(frame),
      damaged: (before) => this.#damaged(before),
    });
    this.#frames = frames;
    this.#reorder = new ReorderBuffer(reorder, {
      packet: (packet, arrivedAt, overtaken) => frames.packet(packet, arrivedAt, overtaken),
      gap: (lost) => frames.gap(lost),
    });
  }

  /** Packets lost for good, and frames dropped because of loss or damage, while tapped. */
  get damage(): { lost: number; dropped: number } {
    const { lost, dropped } = this.#past;
    if (!this.#tap) return { lost, dropped };
    return {
      lost: lost + this.#reorder.lost - this.#tap.lost,
      dropped: dropped + this.#frames.dropped - this.#tap.dropped,
    };
  }

  /** Whoever taps gets nothing before the next keyframe. */
  get needsKeyframe(): boolean {
    const tap = this.#tap;
    return this.#video && tap !== undefined && (tap.waiting || this.#frames.needsKey);
  }

  /** Takes a packet from the wire; `sequence` is extended. */
  push(sequence: number, packet: RtpPacket, now: number): void {
    this.#reorder.push(sequence, packet, now);
  }

  /** Gives up on what will not come, but not on what is `coming`. To be called with every packet and every few ten ms. */
  expire(now: number, coming?: (sequence: number) => boolean): void {
    this.#reorder.expire(now, coming);
    this.#group.expire(now);
    if (this.#tap?.waiting && now >= this.#tap.heldUntil) this.#release(this.#tap, now);
  }

  /** Hands frames over from now on; ends an earlier tap. Video begins with a keyframe. */
  tap(take: Tap["take"], now: number): void {
    this.untap();
    this.#tap = {
      take,
      ...{ waiting: this.#video, heldUntil: now + keyframeGraceMs, heard: false },
      ...{ lost: this.#reorder.lost, dropped: this.#frames.dropped },
    };
  }

  /** The sender is there and its camera is on, whether or not anything moves before it. */
  isOn(): void {
    if (this.#tap) this.#tap.heard = true;
  }

  /** Hands over what is complete and stops. */
  untap(): void {
    if (!this.#tap) return;
    if (this.#tap.waiting && this.#tap.heard) this.#handOver(this.#tap);
    this.#reorder.flush();
    this.#past = this.damage;
    this.#tap = undefined;
  }

  /** Hands over what is complete and lets go of all that is kept: nothing more will come. */
  close(): void {
    this.untap();
    this.#group.clear();
  }

  #frame(frame: TimedFrame): void {
    if (this.#video) this.#group.add(frame);
    if (frame.key) this.#listener.keyframe();
    const tap = this.#tap;
    if (!tap) return;
    tap.heard = true;
    if (tap.waiting && !frame.key) return;
    tap.waiting = false;
    this.#hand(tap, frame);
  }

  #hand(tap: Tap, frame: TimedFrame): void {
    if (tap.take(frame) || !this.#video) return;
    tap.waiting = true;
    tap.heldUntil = Number.POSITIVE_INFINITY;
  }
  /** Begins with what was kept, unless a keyframe is about to come or the sender is silent. */
  #release(tap: Tap, now: number): void {
    if (tap.heard && !this.#listener.keyframeUnderWay(now)) this.#handOver(tap);
  }

  #handOver(tap: Tap): void {
    const { frames } = this.#group;
    if (frames.length === 0) return;
    tap.waiting = false;
    for (const frame of frames) {
      this.#hand(tap, frame);
      if (tap.waiting) return;
    }
    this.#listener.keyframe();
  }

  #damaged(before: boolean): void {
    this.#group.clear();
    this.#listener.damaged(this.#reorder.next - (before ? 1 : 0));
  }
}
