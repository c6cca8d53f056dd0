import type { RtpPacket } from "../rtp/packet.ts";
import { Unwrapper } from "../rtp/sequence.ts";
import type { Depacketizer, EncodedFrame } from "./depacketizer.ts";
import { type Edge, onlyUnreferencedLost } from "./lossPlace.ts";

/** A complete frame and its unwrapped RTP timestamp. */
export interface TimedFrame extends EncodedFrame {
  timestamp: number;
  /** The timestamp as it was on the wire. */
  rtp: number;
  /** When the first packet of it arrived that was not overtaken, monotonic ms: lost ones are waited for, so it may be a while ago. */
  arrivedAt: number;
  /** All of its packets came after later ones, sent again: its arrival tells nothing of the sender's pace. */
  overtaken?: true;
}

/** A hostile publisher must not make us hold more than this for one frame. */
const maxFrameBytes = 8 * 1024 * 1024;

interface Current {
  rtp: number;
  timestamp: number;
  arrivedAt: number;
  overtaken: boolean;
  bytes: number;
  broken: boolean;
  /** It lost packets, and no other frame refers to it. */
  dispensable: boolean;
}

export interface FrameListener {
  frame(frame: TimedFrame): void;
  /** Nothing can be decoded before the next keyframe: frames were lost, `before` the latest packet or with it. */
  damaged(before: boolean): void;
}

/**
 * Turns packets in order into frames. A frame that lost a packet is dropped, and with video everything up to
 * the next keyframe too, unless no frame refers to it: no picture is written that could not be decoded cleanly.
 */
export class FrameAssembler {
  /** Frames dropped because of loss or damage. */
  dropped = 0;
  #depacketizer: Depacketizer;
  #listener: FrameListener;
  #keyed: boolean;
  #needsKey: boolean;
  #timestamps = new Unwrapper(32);
  #current: Current | undefined;
  /** Packets lost for good since the last one that came. */
  #lost = 0;
  #last: RtpPacket | undefined;

  /** `keyed`: frames depend on earlier ones, back to a keyframe. */
  constructor(depacketizer: Depacketizer, keyed: boolean, listener: FrameListener) {
    this.#depacketizer = depacketizer;
    this.#keyed = keyed;
    this.#needsKey = keyed;
    this.#listener = listener;
  }

  /** Nothing can be emitted before the sender makes a keyframe. */
  get needsKey(): boolean {
    return this.#needsKey;
  }

  /** The next packet in sequence, when it arrived, monotonic ms, and whether later ones had come before it. */
  packet(packet: RtpPacket, arrivedAt: number, overtaken = false): void {
    // Padding, sent to probe bandwidth.
    if (packet.payload.length === 0) return;
    const dispensable = this.#lost > 0 && this.#leaveOut(packet);
    if (this.#current && this.#current.rtp !== packet.timestamp) this.#finish(true);
    this.#current ??= this.#begin(packet, arrivedAt, dispensable);
    if (this.#current.overtaken && !overtaken) {
      this.#current.overtaken = false;
      this.#current.arrivedAt = arrivedAt;
    }
    this.#add(this.#current, packet.payload);
    this.#last = packet;
    if (packet.marker || !this.#keyed) this.#finish(false);
  }

  /** `lost` packets before the next one are lost for good. */
  gap(lost: number): void {
    if (this.#keyed) this.#lost += lost;
  }

  /** Deals with the loss before a packet; true when only frames were hit that no other frame refers to. */
  #leaveOut(packet: RtpPacket): boolean {
    const lost = this.#lost;
    this.#lost = 0;
    const last = this.#last;
    if (last && onlyUnreferencedLost(this.#edge(last), this.#edge(packet), lost)) {
      if (this.#current) this.#breakOff(this.#current);
      return true;
    }
    this.#depacketizer.gap();
    if (this.#current) this.#drop(true);
    else this.#damage(true);
    return false;
  }

  #edge({ timestamp, marker, payload }: RtpPacket): Edge {
    return { timestamp, marker, ...this.#depacketizer.placement(payload) };
  }

  #breakOff(current: Current): void {
    current.broken = current.dispensable = true;
    this.#depacketizer.reset();
  }

  #begin(packet: RtpPacket, arrivedAt: number, dispensable: boolean): Current {
    this.#depacketizer.reset();
    const broken = !this.#depacketizer.startsFrame(packet.payload);
    const timestamp = this.#timestamps.unwrap(packet.timestamp);
    return {
      rtp: packet.timestamp,
      timestamp,
      arrivedAt,
      overtaken: true,
      bytes: 0,
      broken,
      dispensable: dispensable && broken,
    };
  }

  #add(current: Current, payload: Buffer): void {
    current.bytes += payload.length;
    if (current.broken) {
      this.#depacketizer.salvage(payload);
      return;
    }
    current.broken = current.bytes > maxFrameBytes || !this.#depacketizer.add(payload);
    if (current.broken) this.#depacketizer.reset();
  }

  /** `before`: its packets came before the latest one. */
  #finish(before: boolean): void {
    const current = this.#current;
    if (!current) return;
    const frame = current.broken ? undefined : this.#depacketizer.finish();
    if (frame === undefined) {
      this.#drop(before);
      return;
    }
    this.#current = undefined;
    if (frame === "empty" || (this.#needsKey && !frame.key)) return;
    this.#needsKey = false;
    const { timestamp, rtp, arrivedAt, overtaken } = current;
    const timed = { ...frame, timestamp, rtp, arrivedAt };
    this.#listener.frame(overtaken ? { ...timed, overtaken } : timed);
  }

  #drop(before: boolean): void {
    const dispensable = this.#current?.dispensable ?? false;
    this.#current = undefined;
    this.#depacketizer.reset();
    this.dropped++;
    if (!dispensable) this.#damage(before);
  }

  #damage(before: boolean): void {
    this.#needsKey = this.#keyed;
    if (this.#keyed) this.#listener.damaged(before);
  }
}
