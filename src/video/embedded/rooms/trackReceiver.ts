import type { Depacketizer } from "../rtp/depacketizer.ts";
import { FrameAssembler, type TimedFrame } from "../rtp/frames.ts";
import { H264Depacketizer } from "../rtp/h264.ts";
import { giveUpMs, MissingPackets } from "../rtp/missing.ts";
import { OpusDepacketizer } from "../rtp/opus.ts";
import { isRtcp, parseRtp, type RtpPacket } from "../rtp/packet.ts";
import { ReorderBuffer } from "../rtp/reorder.ts";
import { nack, parseRtcp, pictureLoss, type RtcpPacket, receiverReport } from "../rtp/rtcp.ts";
import { ReceptionStatistics } from "../rtp/statistics.ts";
import { Vp8Depacketizer } from "../rtp/vp8.ts";
import type { MediaLine } from "../whip/offer.ts";

/** Where a tapped track's media goes. */
export interface TrackSink {
  /** False when it could not be taken: video then pauses until the next keyframe. */
  frame(frame: TimedFrame): boolean;
  /** RFC 6464 audio level, dBov. */
  level(dbov: number): void;
  /** The sender's clock (epoch ms) at an RTP timestamp. */
  senderReport(ntpMs: number, rtp: number): void;
  /** What follows is a new stream with a time base of its own. */
  restart(reason: string): void;
}

export interface TrackCounters {
  packets: number;
  bytes: number;
  /** Packets lost for good while tapped. */
  lost: number;
  nacks: number;
  keyframeRequests: number;
  droppedFrames: number;
}

/** A request is not repeated sooner: senders need some time to make a keyframe. */
const keyframeRetryMs = 400;
/** Recovery points for players and seeking. */
const keyframeEveryMs = 10_000;
/** A new SSRC is followed once the old one has been silent for this long. */
const sourceChangeMs = 500;
const reorder = { waitMs: giveUpMs, capacity: 4096 };

function depacketizerFor(line: MediaLine): Depacketizer {
  if (line.codec === "opus") return new OpusDepacketizer();
  return line.codec === "VP8" ? new Vp8Depacketizer() : new H264Depacketizer();
}

interface Tap {
  sink: TrackSink;
  missing: MissingPackets;
  reorder: ReorderBuffer<RtpPacket>;
  frames: FrameAssembler;
}

/**
 * One received track: counts it, asks for lost packets and keyframes, and while tapped puts its frames together.
 * All times are ms of one monotonic clock.
 */
export class TrackReceiver {
  readonly line: MediaLine;
  ssrc: number | undefined;
  #own: number;
  #send: (rtcp: Buffer) => void;
  #statistics: ReceptionStatistics;
  #earlier = { packets: 0, bytes: 0 };
  #lost = 0;
  #droppedFrames = 0;
  #nacks = 0;
  #keyframeRequests = 0;
  #lastRtpAt = 0;
  #keyframeAskedAt = Number.NEGATIVE_INFINITY;
  #keyframeAt = Number.NEGATIVE_INFINITY;
  #senderReport: { ntpMs: number; rtp: number; at: number } | undefined;
  #tap: Tap | undefined;

  /** `own` is the SSRC of our feedback, `send` takes RTCP packets. */
  constructor(line: MediaLine, own: number, send: (rtcp: Buffer) => void) {
    this.line = line;
    this.#own = own;
    this.#send = send;
    this.#statistics = new ReceptionStatistics(line.clockRate);
  }

  get counters(): TrackCounters {
    const { packets, bytes } = this.#earlier;
    return {
      packets: packets + this.#statistics.packets,
      bytes: bytes + this.#statistics.bytes,
      lost: this.#lost + (this.#tap?.reorder.lost ?? 0),
      nacks: this.#nacks,
      keyframeRequests: this.#keyframeRequests,
      droppedFrames: this.#droppedFrames + (this.#tap?.frames.dropped ?? 0),
    };
  }

  /** Takes a packet from the wire; true when it was RTP of this track. */
  receive(buffer: Buffer, now: number): boolean {
    if (isRtcp(buffer)) {
      for (const packet of parseRtcp(buffer)) this.#rtcp(packet, now);
      return false;
    }
    const packet = parseRtp(buffer, this.line.audioLevelId);
    if (!packet || !this.#follow(packet, now)) return false;
    // Another payload type of the same stream (comfort noise, tones) only counts.
    if (packet.payloadType !== this.line.payloadType)
      packet.payload = packet.payload.subarray(0, 0);
    const sequence = this.#statistics.arrived(packet, buffer.length, now);
    if (sequence === undefined) return false;
    this.#lastRtpAt = now;
    if (this.#tap) this.#deliver(this.#tap, sequence, packet, now);
    return true;
  }

  /** Starts handing frames to `sink`; asks for a keyframe at once. */
  tap(sink: TrackSink, now: number): void {
    this.untap();
    this.#tap = this.#newTap(sink);
    this.#keyframeAskedAt = this.#keyframeAt = Number.NEGATIVE_INFINITY;
    this.#askForKeyframe(now);
    const report = this.#senderReport;
    if (!report) return;
    const elapsed = now - report.at;
    sink.senderReport(
      report.ntpMs + elapsed,
      (report.rtp + Math.round((elapsed * this.line.clockRate) / 1000)) >>> 0,
    );
  }

  /** Hands over what is complete and stops. */
  untap(): void {
    this.#tap?.reorder.flush();
    this.#lost += this.#tap?.reorder.lost ?? 0;
    this.#droppedFrames += this.#tap?.frames.dropped ?? 0;
    this.#tap = undefined;
  }

  /** Repeats requests and gives up on what will not come; to be called every few ten ms. */
  tick(now: number): void {
    const tap = this.#tap;
    if (!tap) return;
    this.#askForMissing(tap, now);
    tap.reorder.expire(now);
    if (tap.frames.needsKey || now - this.#keyframeAt >= keyframeEveryMs) this.#askForKeyframe(now);
  }

  /** The receiver report for the time since the last one; undefined before any packet. */
  report(now: number): Buffer | undefined {
    if (this.ssrc === undefined) return undefined;
    const report = this.#statistics.report(this.ssrc, now);
    return report && receiverReport(this.#own, report);
  }

  #newTap(sink: TrackSink): Tap {
    const keyed = this.line.kind === "video";
    const frames = new FrameAssembler(depacketizerFor(this.line), keyed, (frame) => {
      if (keyed && frame.key) this.#keyframeAt = this.#lastRtpAt;
      if (!sink.frame(frame)) frames.skipToKey();
    });
    const ordered = {
      packet: (packet: RtpPacket) => frames.packet(packet),
      gap: () => frames.gap(),
    };
    return {
      sink,
      missing: new MissingPackets(),
      reorder: new ReorderBuffer(reorder, ordered),
      frames,
    };
  }

  #follow(packet: RtpPacket, now: number): boolean {
    if (packet.ssrc === this.ssrc) return true;
    if (this.ssrc === undefined) {
      this.ssrc = packet.ssrc;
      return packet.payloadType === this.line.payloadType;
    }
    if (now - this.#lastRtpAt < sourceChangeMs || packet.payloadType !== this.line.payloadType)
      return false;
    this.ssrc = packet.ssrc;
    this.#startOver(now);
    return true;
  }

  #startOver(now: number): void {
    this.#earlier.packets += this.#statistics.packets;
    this.#earlier.bytes += this.#statistics.bytes;
    this.#statistics = new ReceptionStatistics(this.line.clockRate);
    this.#senderReport = undefined;
    const sink = this.#tap?.sink;
    if (!sink) return;
    this.untap();
    sink.restart("source_changed");
    this.tap(sink, now);
  }

  #deliver(tap: Tap, sequence: number, packet: RtpPacket, now: number): void {
    tap.missing.arrived(sequence, now);
    if (tap.missing.size > 0) this.#askForMissing(tap, now);
    if (packet.audioLevel !== undefined) tap.sink.level(packet.audioLevel);
    tap.reorder.push(sequence, packet, now);
  }

  #askForMissing(tap: Tap, now: number): void {
    if (tap.missing.size === 0 || this.ssrc === undefined) return;
    const due = tap.missing.due(now);
    if (due.length === 0) return;
    this.#nacks += due.length;
    this.#feedback(nack(this.#own, this.ssrc, due));
  }

  #askForKeyframe(now: number): void {
    if (this.line.kind !== "video" || this.ssrc === undefined) return;
    if (now - this.#keyframeAskedAt < keyframeRetryMs) return;
    this.#keyframeAskedAt = now;
    this.#keyframeRequests++;
    this.#feedback(pictureLoss(this.#own, this.ssrc));
  }

  /** Feedback travels behind an empty report, as a compound packet must (RFC 4585 §3.1). */
  #feedback(packet: Buffer): void {
    this.#send(Buffer.concat([receiverReport(this.#own), packet]));
  }

  #rtcp(packet: RtcpPacket, now: number): void {
    if (packet.type !== "senderReport" || packet.ssrc !== this.ssrc) return;
    this.#statistics.senderReported(packet.ntpMiddle, now);
    if (packet.ntpMs <= 0) return;
    this.#senderReport = { ntpMs: packet.ntpMs, rtp: packet.rtp, at: now };
    this.#tap?.sink.senderReport(packet.ntpMs, packet.rtp);
  }
}
