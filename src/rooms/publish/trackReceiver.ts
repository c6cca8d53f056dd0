import { startsKeyframe, startsKeyPicture } from "../codecs/keyframe.ts";
import { isRtcp, parseRtp, type RtpPacket } from "../rtp/packet.ts";
import { keepLevelOnly } from "../rtp/rewriter.ts";
import {
  agedReport,
  parseRtcp,
  type RtcpPacket,
  receiverReport,
  type SenderReport,
} from "../rtp/rtcp.ts";
import { ReceptionStatistics } from "../rtp/statistics.ts";
import type { TransportFeedback } from "../rtp/transportFeedback.ts";
import type { MediaLine } from "../sdp/offer.ts";
import { type Keeping, processBudget } from "./keptGroup.ts";
import { PictureGate } from "./pictureGate.ts";
import { SenderRequests } from "./senderRequests.ts";
import { SourceFollower, type Successor } from "./sourceFollower.ts";
import type { Forwarder, PassingPacket, TrackSink } from "./trackConsumers.ts";
import { type MediaListener, TrackMedia } from "./trackMedia.ts";

export interface TrackCounters {
  packets: number;
  bytes: number;
  /** Packets lost for good while tapped. */
  lost: number;
  nacks: number;
  keyframeRequests: number;
  droppedFrames: number;
}

/** Recovery points for players and seeking. */
const keyframeEveryMs = 10_000;

/**
 * One received track: counts it, asks for lost packets and keyframes, passes its packets on, and while tapped hands
 * over its frames. All times are ms of one monotonic clock.
 */
export class TrackReceiver {
  readonly line: MediaLine;
  #source: SourceFollower;
  #own: number;
  #requests: SenderRequests;
  #transport: Pick<TransportFeedback, "arrived">;
  #statistics: ReceptionStatistics;
  #earlier = { packets: 0, bytes: 0, lost: 0, dropped: 0 };
  #lastRtpAt = 0;
  #keyframeAt = Number.NEGATIVE_INFINITY;
  #senderReport: (SenderReport & { at: number }) | undefined;
  #newMedia: () => TrackMedia;
  #media: TrackMedia;
  #sink: TrackSink | undefined;
  #gate: PictureGate;
  #forwarders = new Set<Forwarder>();
  #onLevel: (dbov: number) => void = () => undefined;

  /** `own` is the SSRC of our feedback, `send` takes RTCP packets, `transport` is told of what arrives. */
  constructor(
    line: MediaLine,
    own: number,
    send: (rtcp: Buffer) => void,
    transport: Pick<TransportFeedback, "arrived">,
    keeping: Keeping = { budget: processBudget, owner: "" },
  ) {
    this.line = line;
    this.#source = new SourceFollower(line.payloadType);
    this.#own = own;
    this.#requests = new SenderRequests(line, own, send);
    this.#transport = transport;
    this.#statistics = new ReceptionStatistics(line.clockRate);
    this.#gate = new PictureGate(line.codec);
    this.#newMedia = () => new TrackMedia(line, keeping, this.#mediaListener());
    this.#media = this.#newMedia();
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
    const { packets, bytes, lost, dropped } = this.#earlier;
    const { damage } = this.#media;
    return {
      packets: packets + this.#statistics.packets,
      bytes: bytes + this.#statistics.bytes,
      lost: lost + damage.lost,
      nacks: this.#requests.nacks,
      keyframeRequests: this.#requests.keyframes,
      droppedFrames: dropped + damage.dropped,
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

  /**
   * Starts handing frames to `sink`; asks for a keyframe at once. Without one in time, video begins with the last one
   * before and all that followed it: these frames arrived before now.
   */
  tap(sink: TrackSink, now: number): void {
    this.untap();
    this.#sink = sink;
    this.#media.tap((frame) => sink.frame(frame), now);
    this.#requests.needAll(true);
    this.#requests.timing.renew();
    this.#requests.askForKeyframe(this.ssrc, now);
    this.#keyframeAt = Number.NEGATIVE_INFINITY;
    if (!this.#senderReport) return;
    const elapsedMs = now - this.#senderReport.at;
    const { ntpMs, rtp } = agedReport(this.#senderReport, elapsedMs, this.line.clockRate);
    sink.senderReport(ntpMs, rtp);
  }

  /** Hands over what is complete and stops. */
  untap(): void {
    this.#media.untap();
    this.#sink = undefined;
    this.#requests.needAll(this.#forwarders.size > 0);
  }

  /** Hands over what is complete, and keeps nothing of what came so far. */
  close(): void {
    this.untap();
    this.#media.close();
  }

  /** Passes packets on from now on; the last sender report is repeated, and a keyframe asked for when needed. */
  addForwarder(forwarder: Forwarder, now: number): void {
    this.#forwarders.add(forwarder);
    this.#requests.needAll(true);
    if (this.#senderReport) forwarder.senderReport(this.#senderReport);
    if (forwarder.needsKeyframe) this.requestKeyframe(now);
  }

  removeForwarder(forwarder: Forwarder): void {
    this.#forwarders.delete(forwarder);
    this.#requests.needAll(this.#sink !== undefined || this.#forwarders.size > 0);
  }

  /** Asks for a keyframe as soon as it may be asked for again. */
  requestKeyframe(now: number): void {
    this.#requests.want(this.ssrc, now);
  }

  /** Packets were dropped before they came here: more than one person may send. */
  overRate(packets: number): void {
    this.#sink?.leftOut("bit_rate", packets);
  }

  /** Hears the level of every packet that carries one. */
  onLevel(listener: (dbov: number) => void): void {
    this.#onLevel = listener;
  }

  /** Repeats requests and gives up on what will not come; to be called every few ten ms. */
  tick(now: number): void {
    this.#succeed(now);
    this.#requests.askForMissing(this.ssrc, now);
    this.#expire(now);
    const waiting = [...this.#forwarders].some(({ needsKeyframe }) => needsKeyframe);
    this.#requests.passOn(waiting, this.ssrc, now);
  }

  /** The receiver report for the time since the last one; undefined before any packet. */
  report(now: number): Buffer | undefined {
    if (this.ssrc === undefined) return undefined;
    const report = this.#statistics.report(this.ssrc, now);
    return report && receiverReport(this.#own, report);
  }

  #mediaListener(): MediaListener {
    const { timing } = this.#requests;
    return {
      keyframe: () => {
        this.#keyframeAt = this.#lastRtpAt;
        timing.completed();
      },
      damaged: (sequence) => timing.broken(sequence),
      keyframeUnderWay: (now) => timing.underWay(now),
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
    this.#requests.startOver();
    for (const forwarder of this.#forwarders) {
      forwarder.restart();
      if (report) forwarder.senderReport(report);
    }
    const sink = this.#sink;
    this.close();
    const { lost, dropped } = this.#media.damage;
    this.#earlier.lost += lost;
    this.#earlier.dropped += dropped;
    this.#media = this.#newMedia();
    if (!sink) return;
    sink.restart("source_changed");
    this.tap(sink, now);
  }

  #take(buffer: Buffer, packet: RtpPacket, now: number): boolean {
    // Another payload type of the same stream (comfort noise, tones) only counts.
    const own = packet.payloadType === this.line.payloadType;
    const passes = own && this.#passesGate(packet.payload);
    if (!passes) packet.payload = packet.payload.subarray(0, 0);
    const sequence = this.#statistics.arrived(packet, buffer.length, now);
    if (sequence === undefined) return false;
    this.#lastRtpAt = now;
    this.#deliver(sequence, packet, now);
    // Last, because it overwrites the header.
    if (this.#forwarders.size > 0 && passes) this.#forward(buffer, sequence, packet, now);
    return true;
  }

  /** Pictures that are too large end here: nobody is to decode one. */
  #passesGate(payload: Buffer): boolean {
    const { refused } = this.#gate;
    const passes = this.#gate.passes(payload);
    if (this.#gate.refused === refused) return passes;
    this.#sink?.leftOut("picture_size", 1);
    for (const forwarder of this.#forwarders) forwarder.restart();
    return passes;
  }

  #deliver(sequence: number, packet: RtpPacket, now: number): void {
    this.#requests.arrived(sequence, this.ssrc, now);
    if (packet.payload.length > 0) this.#sink?.received(packet.timestamp);
    if (startsKeyPicture(this.line.codec, packet.payload))
      this.#requests.timing.began(sequence, packet.timestamp, now);
    if (packet.audioLevel !== undefined) {
      this.#onLevel(packet.audioLevel);
      this.#sink?.level(packet.audioLevel);
    }
    this.#media.push(sequence, packet, now);
    this.#expire(now);
  }

  /** Gives up on what will not come, and asks for a keyframe as soon as one is needed. */
  #expire(now: number): void {
    this.#media.expire(now, this.#requests.coming);
    if (this.#needsKeyframe(now) && this.#requests.timing.due(now))
      this.#requests.askForKeyframe(this.ssrc, now);
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

  /** The sink needs one, or one is due, or sooner there than what is missing. */
  #needsKeyframe(now: number): boolean {
    if (!this.#sink || this.line.kind !== "video") return false;
    if (this.#media.needsKeyframe || now - this.#keyframeAt >= keyframeEveryMs) return true;
    return this.#requests.overdue(now);
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
    this.#sink?.senderReport(report.ntpMs, report.rtp);
    if (this.#sink?.isOn()) this.#media.isOn();
    for (const forwarder of this.#forwarders) forwarder.senderReport(report);
  }
}
