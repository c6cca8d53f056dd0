import type { MediaCodec } from "../../core/media.ts";
import type { SendingTrack } from "../peer/peer.ts";
import type { Forwarder, PassingPacket } from "../publish/trackConsumers.ts";
import type { TrackReceiver } from "../publish/trackReceiver.ts";
import { type FirstNumbers, RtpRewriter, writeLevel } from "../rtp/rewriter.ts";
import { type RtcpPacket, type SenderReport, senderReport } from "../rtp/rtcp.ts";
import type { ReceivingLine } from "../sdp/subscribeOffer.ts";
import { RoundTrip } from "./roundTrip.ts";

export interface SenderParts {
  line: ReceivingLine;
  track: SendingTrack;
  ssrc: number;
  first: FirstNumbers;
  /** Monotonic ms. */
  now: () => number;
}

export interface SentCounters {
  packets: number;
  bytes: number;
  /** Packets the receiver asked for again. */
  nacked: number;
  keyframeRequests: number;
}

/** One subscriber's requests are passed on no more often: a keyframe costs everybody. */
const keyframeRequestMs = 1000;
const headerBytes = 12;
/** Packets asked for that are told apart: all that a video sends in a second, or more than is sent. */
const mostAsked = 1000;

/**
 * One track on its way to one subscriber: a stream of our own numbers that goes on while publishers come and go in
 * its slot. Video begins with a keyframe.
 */
export class TrackSender implements Forwarder {
  readonly kind: "audio" | "video";
  readonly counters: SentCounters = { packets: 0, bytes: 0, nacked: 0, keyframeRequests: 0 };
  #parts: SenderParts;
  #rewriter: RtpRewriter;
  #payloadTypes: Map<MediaCodec, number>;
  #source: TrackReceiver | undefined;
  #payloadType: number | undefined;
  #open = false;
  #paused = false;
  /** Dropping until a packet the stream can go on with. */
  #waiting = true;
  #firstSequence = 0;
  #report: SenderReport | undefined;
  #keyframeAskedAt = Number.NEGATIVE_INFINITY;
  #fractionLost = 0;
  #asked = new Set<number>();
  #roundTrip = new RoundTrip();

  constructor(parts: SenderParts) {
    const { line, track, ssrc, first, now } = parts;
    this.#parts = parts;
    this.kind = line.kind;
    this.#rewriter = new RtpRewriter(ssrc, first);
    this.#payloadTypes = new Map(
      line.formats.map(({ codec, payloadType }) => [codec, payloadType]),
    );
    track.onOpen(() => {
      this.#open = true;
      if (this.needsKeyframe) this.#source?.requestKeyframe(now());
    });
  }

  get needsKeyframe(): boolean {
    return this.kind === "video" && this.#open && this.#waiting && this.#sends;
  }

  get sending(): boolean {
    return this.#open && !this.#waiting && this.#sends;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Share lost as the receiver last reported it, 0–1. */
  get fractionLost(): number {
    return this.#fractionLost;
  }

  /** How many packets were asked for since this was read last: each once, however often it was asked for. */
  takeAsked(): number {
    const { size } = this.#asked;
    this.#asked.clear();
    return size;
  }

  /** How long packets wait on the way to the receiver, as it last reported, ms. */
  get waitingMs(): number {
    return this.#roundTrip.waitingMs(this.#parts.now());
  }

  /** Sends this source from now on; without one, or with one the receiver cannot decode, nothing. */
  attach(source: TrackReceiver | undefined): void {
    this.#source?.removeForwarder(this);
    this.#source = source;
    this.#roundTrip.restart();
    this.restart();
    this.#payloadType = source && this.#payloadTypes.get(source.line.codec);
    if (this.#payloadType !== undefined) source?.addForwarder(this, this.#parts.now());
  }

  /** Stops sending, or goes on at the next keyframe. */
  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#waiting = true;
    this.#fractionLost = 0;
    this.#roundTrip.restart();
    if (this.needsKeyframe) this.#source?.requestKeyframe(this.#parts.now());
  }

  packet(packet: PassingPacket, now: number): void {
    if (!this.#open || this.#paused || this.#payloadType === undefined) return;
    const { buffer, sequence, timestamp, level } = packet;
    if (this.#waiting) this.#begin(packet, now);
    // Sent before the switch and come late: its number is another's here.
    if (this.#waiting || sequence < this.#firstSequence) return;
    this.#rewriter.rewrite(buffer, this.#payloadType, { sequence, timestamp }, now);
    if (level) writeLevel(buffer, level, this.#parts.line.audioLevelId);
    if (!this.#parts.track.send(buffer)) return;
    this.counters.packets++;
    this.counters.bytes += buffer.length - headerBytes;
  }

  senderReport(report: SenderReport): void {
    this.#report = report;
    if (!this.sending) return;
    const { ntp, ntpMiddle, rtp } = report;
    const { packets, bytes } = this.counters;
    this.#roundTrip.sent(ntpMiddle, this.#parts.now());
    const own = { ssrc: this.#parts.ssrc, ntp, rtp: this.#rewriter.timestamp(rtp) };
    this.#parts.track.send(senderReport(own, { packets, octets: bytes }));
  }

  restart(): void {
    this.#waiting = true;
    this.#report = undefined;
  }

  /** Acts on what the receiver says of this track; the rest of a compound packet concerns others. */
  feedback(packet: RtcpPacket): void {
    const { ssrc, now } = this.#parts;
    if (packet.type === "reception") {
      const block = packet.blocks.find((one) => one.ssrc === ssrc);
      if (!block) return;
      this.#fractionLost = block.fractionLost;
      this.#roundTrip.echoed(block.lastSenderReport, block.sinceSenderReportMs, now());
    } else if (packet.type === "nack" && packet.ssrc === ssrc) {
      this.counters.nacked += packet.sequences.length;
      this.#noteAsked(packet.sequences);
    } else if (packet.type === "keyframeRequest" && packet.ssrcs.includes(ssrc)) {
      this.#passKeyframeRequest(now());
    }
  }

  #noteAsked(sequences: readonly number[]): void {
    for (const sequence of sequences) if (this.#asked.size < mostAsked) this.#asked.add(sequence);
  }

  get #sends(): boolean {
    return !this.#paused && this.#payloadType !== undefined;
  }

  #begin({ sequence, timestamp, startsKeyframe }: PassingPacket, now: number): void {
    const { source, report } = { source: this.#source, report: this.#report };
    if (!source || !startsKeyframe) return;
    this.#rewriter.rebase(sequence, timestamp, source.line.clockRate, now);
    this.#firstSequence = sequence;
    this.#waiting = false;
    if (report) this.senderReport(report);
  }

  #passKeyframeRequest(now: number): void {
    if (now - this.#keyframeAskedAt < keyframeRequestMs) return;
    this.#keyframeAskedAt = now;
    this.counters.keyframeRequests++;
    this.#source?.requestKeyframe(now);
  }
}
