import type { Depacketizer, EncodedFrame } from "./depacketizer.ts";
import type { RtpPacket } from "./packet.ts";
import { Unwrapper } from "./sequence.ts";

/** A complete frame and its unwrapped RTP timestamp. */
export interface TimedFrame extends EncodedFrame {
  timestamp: number;
  /** The timestamp as it was on the wire. */
  rtp: number;
  /** When the first packet of it that was used arrived, monotonic ms: lost ones are waited for, so it may be a while ago. */
  arrivedAt: number;
}

/** A hostile publisher must not make us hold more than this for one frame. */
const maxFrameBytes = 8 * 1024 * 1024;

interface Current {
  rtp: number;
  timestamp: number;
  arrivedAt: number;
  bytes: number;
  broken: boolean;
}

/**
 * Turns packets in order into frames. A frame that lost a packet is dropped, and with video everything up to
 * the next keyframe too: no picture is written that could not be decoded cleanly.
 */
export class FrameAssembler {
  /** Frames dropped because of loss or damage. */
  dropped = 0;
  #depacketizer: Depacketizer;
  #emit: (frame: TimedFrame) => void;
  #keyed: boolean;
  #needsKey: boolean;
  #timestamps = new Unwrapper(32);
  #current: Current | undefined;

  /** `keyed`: frames depend on earlier ones, back to a keyframe. */
  constructor(depacketizer: Depacketizer, keyed: boolean, emit: (frame: TimedFrame) => void) {
    this.#depacketizer = depacketizer;
    this.#keyed = keyed;
    this.#needsKey = keyed;
    this.#emit = emit;
  }

  /** Nothing can be emitted before the sender makes a keyframe. */
  get needsKey(): boolean {
    return this.#needsKey;
  }

  /** The next packet in sequence, and when it arrived, monotonic ms. */
  packet(packet: RtpPacket, arrivedAt: number): void {
    // Padding, sent to probe bandwidth.
    if (packet.payload.length === 0) return;
    if (this.#current && this.#current.rtp !== packet.timestamp) this.#finish();
    this.#current ??= this.#begin(packet, arrivedAt);
    this.#add(this.#current, packet.payload);
    if (packet.marker || !this.#keyed) this.#finish();
  }

  /** Packets before the next one are lost for good. */
  gap(): void {
    if (this.#current) this.#drop();
    this.#needsKey = this.#keyed;
  }

  /** Writing was refused: what follows is useless before the next keyframe. */
  skipToKey(): void {
    this.#needsKey = this.#keyed;
  }

  #begin(packet: RtpPacket, arrivedAt: number): Current {
    this.#depacketizer.reset();
    const broken = !this.#depacketizer.startsFrame(packet.payload);
    const timestamp = this.#timestamps.unwrap(packet.timestamp);
    return { rtp: packet.timestamp, timestamp, arrivedAt, bytes: 0, broken };
  }

  #add(current: Current, payload: Buffer): void {
    current.bytes += payload.length;
    if (current.broken) return;
    current.broken = current.bytes > maxFrameBytes || !this.#depacketizer.add(payload);
    if (current.broken) this.#depacketizer.reset();
  }

  #finish(): void {
    const current = this.#current;
    if (!current) return;
    const frame = current.broken ? undefined : this.#depacketizer.finish();
    if (frame === undefined) {
      this.#drop();
      return;
    }
    this.#current = undefined;
    if (frame === "empty" || (this.#needsKey && !frame.key)) return;
    this.#needsKey = false;
    const { timestamp, rtp, arrivedAt } = current;
    this.#emit({ ...frame, timestamp, rtp, arrivedAt });
  }

  #drop(): void {
    this.#current = undefined;
    this.#depacketizer.reset();
    this.dropped++;
    this.#needsKey = this.#keyed;
  }
}
