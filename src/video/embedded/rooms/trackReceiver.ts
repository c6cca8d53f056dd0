import type { Depacketizer } from "../rtp/depacketizer.ts";
import { FrameAssembler, type TimedFrame } from "../rtp/frames.ts";
import { H264Depacketizer } from "../rtp/h264.ts";
import { startsKeyframe } from "../rtp/keyframe.ts";
import { giveUpMs, MissingPackets } from "../rtp/missing.ts";
import { OpusDepacketizer } from "../rtp/opus.ts";
import { isRtcp, parseRtp, type RtpPacket } from "../rtp/packet.ts";
import { ReorderBuffer } from "../rtp/reorder.ts";
import { keepLevelOnly, type LevelElement } from "../rtp/rewriter.ts";
import {
  agedReport,
  nack,
  parseRtcp,
  pictureLoss,
  type RtcpPacket,
  receiverReport,
  type SenderReport,
} from "../rtp/rtcp.ts";
import { ReceptionStatistics } from "../rtp/statistics.ts";
import type { TransportFeedback } from "../rtp/transportFeedback.ts";
import { Vp8Depacketizer } from "../rtp/vp8.ts";
import type { MediaLine } from "../whip/offer.ts";
import { SourceFollower, type Successor } from "./sourceFollower.ts";

/** Where a tapped track's media goes. */
export interface TrackSink {
  /** False when it could not be taken: video then pauses until the next keyframe. */
  frame(frame: TimedFrame): boolean;
  /** A packet with media came, stored or not; `now` is monotonic, ms. */
  received(now: number): void;
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
const reorder = { waitMs: giveUpMs, capacity: 4096 };

function depacketizerFor(line: MediaLine): Depacketizer {
  if (line.codec === "opus") return new OpusDepacketizer();
  return line.codec === "VP8" ? new Vp8Depacketizer() : new H264Depacketizer(line.parameterSets);
}

interface Tap {
  sink: TrackSink;
  reorder: ReorderBuffer<RtpPacket>;
  frames: FrameAssembler;
}

/**
 * One received track: counts it, asks for lost packets and keyframes, passes its packets on, and while tapped puts
 * its frames together.
 * All times are ms of one monotonic clock.
 */
export class TrackReceiver {
  readonly line: MediaLine;
  #source: SourceFollower;
  #own: number;
  #send: (rtcp: Buffer) => void;
  #transport: Pick<TransportFeedback, "arrived">;
  #statistics: ReceptionStatistics;
  #earlier = { packets: 0, bytes: 0 };
  #lost = 0;
  #droppedFrames = 0;
  #nacks = 0;
  #keyframeRequests = 0;
  #lastRtpAt = 0;
  #keyframeAskedAt = Number.NEGATIVE_INFINITY;
  #keyframeAt = Number.NEGATIVE_INFINITY;
  #keyframeWanted = false;
  #senderReport: (SenderReport & { at: number }) | undefined;
  #tap: Tap | undefined;
  #forwarders = new Set<Forwarder>();
  /** Present while somebody needs every packet. */
  #missing: MissingPackets | undefined;
  #onLevel: (dbov: number) => void = () => undefined;

  /** `own` is the SSRC of our feedback, `send` takes RTCP packets, `transport` is told of what arrives. */
  constructor(
    line: MediaLine,
    own: number,
    send: (rtcp: Buffer) => void,
    transport: Pick<TransportFeedback, "arrived">,
  ) {
    this.line = line;
    this.#source = new SourceFollower(line.payloadType);
    this.#own = own;
    this.#send = send;
    this.#transport = transport;
    this.#statistics = new ReceptionStatistics(line.clockRate);
  }

  /** The SSRC that is received; undefined before any. */
  get ssrc(): number | undefined {
    return this.#source.ssrc;
  }

  /** How often the sender went on under another SSRC. */
  get sourceChanges(): number {
    return this.#source.changed;
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
    const packet = parseRtp(buffer, this.line);
    if (packet?.transportSequence !== undefined)
      this.#transport.arrived(packet.transportSequence, now);
    if (!packet || !this.#follow(buffer, packet, now)) return false;
    return this.#take(buffer, packet, now);
  }

  /** Starts handing frames to `sink`; asks for a keyframe at once. */
  tap(sink: TrackSink, now: number): void {
    this.untap();
    this.#tap = this.#newTap(sink);
    this.#missing ??= new MissingPackets();
    this.#keyframeAskedAt = this.#keyframeAt = Number.NEGATIVE_INFINITY;
    this.#askForKeyframe(now);
    if (!this.#senderReport) return;
    const elapsedMs = now - this.#senderReport.at;
    const { ntpMs, rtp } = agedReport(this.#senderReport, elapsedMs, this.line.clockRate);
    sink.senderReport(ntpMs, rtp);
  }

  /** Hands over what is complete and stops. */
  untap(): void {
    this.#tap?.reorder.flush();
    this.#lost += this.#tap?.reorder.lost ?? 0;
    this.#droppedFrames += this.#tap?.frames.dropped ?? 0;
    this.#tap = undefined;
    this.#forgetMissing();
  }

  /** Passes packets on from now on; the last sender report is repeated, and a keyframe asked for when needed. */
  addForwarder(forwarder: Forwarder, now: number): void {
    this.#forwarders.add(forwarder);
    this.#missing ??= new MissingPackets();
    if (this.#senderReport) forwarder.senderReport(this.#senderReport);
    if (forwarder.needsKeyframe) this.requestKeyframe(now);
  }

  removeForwarder(forwarder: Forwarder): void {
    this.#forwarders.delete(forwarder);
    this.#forgetMissing();
  }

  /** Asks for a keyframe as soon as it may be asked for again. */
  requestKeyframe(now: number): void {
    this.#keyframeWanted = true;
    this.#askForKeyframe(now);
  }

  /** Hears the level of every packet that carries one. */
  onLevel(listener: (dbov: number) => void): void {
    this.#onLevel = listener;
  }

  /** Repeats requests and gives up on what will not come; to be called every few ten ms. */
  tick(now: number): void {
    this.#succeed(now);
    this.#askForMissing(now);
    this.#tap?.reorder.expire(now);
    if (this.#needsKeyframe(now)) this.#askForKeyframe(now);
  }

  /** The receiver report for the time since the last one; undefined before any packet. */
  report(now: number): Buffer | undefined {
    if (this.ssrc === undefined) return undefined;
    const report = this.#statistics.report(this.ssrc, now);
    return report && receiverReport(this.#own, report);
  }

  #newTap(sink: TrackSink): Tap {
    const keyed = this.line.kind === "video";
    const frames = new FrameAssembler(depacketizerFor(this.line), keyed, {
      frame: (frame) => {
        if (keyed && frame.key) this.#keyframeAt = this.#lastRtpAt;
        if (!sink.frame(frame)) frames.skipToKey();
      },
      damaged: () => undefined,
    });
    const ordered = {
      packet: (packet: RtpPacket, arrivedAt: number) => frames.packet(packet, arrivedAt),
      gap: (lost: number) => frames.gap(lost),
    };
    return {
      sink,
      reorder: new ReorderBuffer(reorder, ordered),
      frames,
    };
  }

  #follow(buffer: Buffer, packet: RtpPacket, now: number): boolean {
    if (this.#source.isPresent(packet, now)) return true;
    this.#source.hold(buffer, packet, now);
    this.#succeed(now);
    return false;
  }

  /** Goes on with another SSRC when the present one has ended, beginning with what it has sent meanwhile. */
  #succeed(now: number): void {
    const successor = this.#source.successor(now);
    if (!successor) return;
    this.#startOver(successor, now);
    for (const { buffer, packet, at } of successor.held) this.#take(buffer, packet, at);
  }

  #startOver({ report }: Successor, now: number): void {
    this.#earlier.packets += this.#statistics.packets;
    this.#earlier.bytes += this.#statistics.bytes;
    this.#statistics = new ReceptionStatistics(this.line.clockRate);
    this.#senderReport = report;
    if (report) this.#statistics.senderReported(report.ntpMiddle, report.at);
    this.#missing &&= new MissingPackets();
    for (const forwarder of this.#forwarders) {
      forwarder.restart();
      if (report) forwarder.senderReport(report);
    }
    const sink = this.#tap?.sink;
    if (!sink) return;
    this.untap();
    sink.restart("source_changed");
    this.tap(sink, now);
  }

  #take(buffer: Buffer, packet: RtpPacket, now: number): boolean {
    // Another payload type of the same stream (comfort noise, tones) only counts.
    if (packet.payloadType !== this.line.payloadType)
      packet.payload = packet.payload.subarray(0, 0);
    const sequence = this.#statistics.arrived(packet, buffer.length, now);
    if (sequence === undefined) return false;
    this.#lastRtpAt = now;
    this.#deliver(sequence, packet, now);
    // Last, because it overwrites the header.
    if (this.#forwarders.size > 0 && packet.payloadType === this.line.payloadType)
      this.#forward(buffer, sequence, packet, now);
    return true;
  }

  #deliver(sequence: number, packet: RtpPacket, now: number): void {
    this.#missing?.arrived(sequence, now);
    if (packet.payload.length > 0) this.#tap?.sink.received(now);
    this.#askForMissing(now);
    if (packet.audioLevel !== undefined) {
      this.#onLevel(packet.audioLevel);
      this.#tap?.sink.level(packet.audioLevel);
    }
    this.#tap?.reorder.push(sequence, packet, now);
  }

  #forward(buffer: Buffer, sequence: number, packet: RtpPacket, now: number): void {
    const passing: PassingPacket = {
      buffer,
      sequence,
      timestamp: packet.timestamp,
      startsKeyframe: startsKeyframe(this.line.codec, packet.payload),
      level: keepLevelOnly(buffer, this.line.audioLevelId),
    };
    for (const forwarder of this.#forwarders) forwarder.packet(passing, now);
  }

  #forgetMissing(): void {
    if (!this.#tap && this.#forwarders.size === 0) this.#missing = undefined;
  }

  #needsKeyframe(now: number): boolean {
    if (this.#keyframeWanted) return true;
    const tap = this.#tap;
    if (tap && (tap.frames.needsKey || now - this.#keyframeAt >= keyframeEveryMs)) return true;
    return [...this.#forwarders].some(({ needsKeyframe }) => needsKeyframe);
  }

  #askForMissing(now: number): void {
    if (!this.#missing || this.#missing.size === 0 || this.ssrc === undefined) return;
    const due = this.#missing.due(now);
    if (due.length === 0) return;
    this.#nacks += due.length;
    this.#feedback(nack(this.#own, this.ssrc, due));
  }

  #askForKeyframe(now: number): void {
    if (this.line.kind !== "video" || this.ssrc === undefined) return;
    if (now - this.#keyframeAskedAt < keyframeRetryMs) return;
    this.#keyframeAskedAt = now;
    this.#keyframeWanted = false;
    this.#keyframeRequests++;
    this.#feedback(pictureLoss(this.#own, this.ssrc));
  }

  /** Feedback travels behind an empty report, as a compound packet must (RFC 4585 §3.1). */
  #feedback(packet: Buffer): void {
    this.#send(Buffer.concat([receiverReport(this.#own), packet]));
  }

  #rtcp(packet: RtcpPacket, now: number): void {
    if (packet.type === "bye") for (const ssrc of packet.ssrcs) this.#source.ended(ssrc);
    if (packet.type !== "senderReport") return;
    if (packet.ssrc === this.ssrc) this.#reported(packet, now);
    else if (packet.ntpMs > 0) this.#source.reported(packet, now);
  }

  #reported(report: SenderReport, now: number): void {
    this.#statistics.senderReported(report.ntpMiddle, now);
    if (report.ntpMs <= 0) return;
    this.#senderReport = { ...report, at: now };
    this.#tap?.sink.senderReport(report.ntpMs, report.rtp);
    for (const forwarder of this.#forwarders) forwarder.senderReport(report);
  }
}
