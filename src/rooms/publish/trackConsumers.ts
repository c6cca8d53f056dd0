import type { TimedFrame } from "../codecs/frames.ts";
import type { LevelElement } from "../rtp/rewriter.ts";
import type { SenderReport } from "../rtp/rtcp.ts";

/** Where a tapped track's media goes. */
export interface TrackSink {
  /** False when it could not be taken: video then pauses until the next keyframe. */
  frame(frame: TimedFrame): boolean;
  /** Whether its publisher says that it is on. */
  isOn(): boolean;
  /** A packet with media came, stored or not; its RTP timestamp. */
  received(timestamp: number): void;
  /** Media beyond a limit came, which is dropped: key pictures, or packets. */
  leftOut(reason: "picture_size" | "bit_rate", count: number): void;
  /** RFC 6464 audio level, dBov. */
  level(dbov: number): void;
  /** The sender's clock (epoch ms) at an RTP timestamp. */
  senderReport(ntpMs: number, rtp: number): void;
  /** What follows is a new stream with a time base of its own. */
  restart(reason: string): void;
}

/** A packet on its way to others. */
export interface PassingPacket {
  /** Shared by everyone it goes to: only the header may be overwritten, and only until the call returns. */
  buffer: Buffer;
  /** Extended sequence number. */
  sequence: number;
  timestamp: number;
  /** A decoder can begin here. */
  startsKeyframe: boolean;
  level: LevelElement | undefined;
}

/** Passes a track's packets on. */
export interface Forwarder {
  /** Nothing can be shown before the next keyframe. */
  readonly needsKeyframe: boolean;
  packet(packet: PassingPacket, now: number): void;
  senderReport(report: SenderReport): void;
  /** What follows is a new stream with numbers of its own. */
  restart(): void;
}
