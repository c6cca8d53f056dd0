import { TokenBucket } from "../../core/limits/tokenBucket.ts";
import type { MediaSource } from "../../core/media.ts";
import type { RoomRole } from "../../video/port.ts";
import { Demultiplexer } from "../peer/demultiplexer.ts";
import type { Peer, PeerTrack } from "../peer/peer.ts";
import { isRtcp, isSenderReport, parseRtp } from "../rtp/packet.ts";
import { bitrateEstimate, receiverReport } from "../rtp/rtcp.ts";
import { TransportFeedback } from "../rtp/transportFeedback.ts";
import type { MediaLine, Routing } from "../sdp/offer.ts";
import { processBudget } from "./keptGroup.ts";
import { ReportRhythm } from "./reportRhythm.ts";
import { TrackReceiver } from "./trackReceiver.ts";

export interface SessionUser {
  id: string;
  name: string;
}

export interface SessionLimits {
  /** A session that has not connected by then is closed, ms. */
  pendingMs: number;
  /** A connected session is closed after this long without RTP or RTCP, ms; one whose reports are rare, later. */
  silenceMs: number;
  /** Bit rate asked of one video track, kbit/s. */
  videoKbps: number;
  /** Bit rate taken of one session; what is above it is dropped, kbit/s. */
  maxKbps: number;
}

export interface SessionListener {
  /** The first media packet, also the first after a sleep, before it is handled. */
  joined(session: PublishSession): void;
  /** Nothing came for a while: gone, unless media comes again soon. */
  slept(session: PublishSession): void;
  /** Called once. */
  closed(session: PublishSession, reason: string): void;
}

export interface SessionParts {
  id: string;
  roomId: string;
  user: SessionUser;
  role: RoomRole;
  source: MediaSource;
  /** At least one. */
  lines: readonly MediaLine[];
  routing: Routing;
  /** ICE user fragment of the offer. */
  clientUfrag: string;
  peer: Peer;
  /** SSRC of our feedback. */
  feedbackSsrc: number;
  limits: SessionLimits;
  listener: SessionListener;
  /** Monotonic ms. */
  now: () => number;
}

const reportEveryMs = 1000;
/** So long a session may send at once what it is allowed in all that time, ms: key pictures, and what a network held back. */
const burstMs = 2000;
/**
 * Packets taken of one session in a second: of sound more than twice those of 2.5 ms each, of pictures those of a 4K screen
 * at the highest rate, and of feedback.
 */
const maxPackets = { audio: 1000, video: 4000, feedback: 200 } as const;
const limited = (perSecond: number) => new TokenBucket(perSecond, (perSecond * burstMs) / 1000);
/** Who has fallen silent may come back over the same connection for so long, as a laptop that slept, ms. */
const sleepMs = 60_000;

/** One person publishing over one transport. */
export class PublishSession {
  readonly id: string;
  readonly roomId: string;
  readonly user: SessionUser;
  readonly role: RoomRole;
  readonly source: MediaSource;
  readonly clientUfrag: string;
  /** Monotonic ms. */
  readonly openedAt: number;
  readonly receivers: readonly TrackReceiver[];
  #parts: SessionParts;
  #demultiplexer: Demultiplexer;
  /** The transport has one for all lines. */
  #track: PeerTrack | undefined;
  #transport: TransportFeedback;
  #state: "pending" | "connected" | "closed" = "pending";
  #joined = false;
  #asleep = false;
  #reports = new ReportRhythm();
  #heardAt: number;
  #reportedAt = 0;
  #bytesLeft: TokenBucket;
  #packetsLeft = { audio: limited(maxPackets.audio), video: limited(maxPackets.video) };
  #feedbackLeft = limited(maxPackets.feedback);
  #overRate = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.roomId = parts.roomId;
    this.user = parts.user;
    this.role = parts.role;
    this.source = parts.source;
    this.clientUfrag = parts.clientUfrag;
    this.openedAt = this.#heardAt = parts.now();
    this.#bytesLeft = limited(parts.limits.maxKbps * 125);
    this.#transport = new TransportFeedback(parts.feedbackSsrc);
    this.receivers = parts.lines.map(
      (line) =>
        new TrackReceiver(
          line,
          parts.feedbackSsrc,
          (rtcp) => this.#track?.send(rtcp),
          this.#transport,
          { budget: processBudget, owner: parts.user.id },
        ),
    );
    this.#demultiplexer = new Demultiplexer(parts.lines, parts.routing, (ssrc) =>
      this.receivers.some((receiver) => receiver.ssrc === ssrc),
    );
    parts.peer.onTrack((track) => this.#bind(track));
    parts.peer.onConnected(() => this.#connected());
    parts.peer.onClosed((reason) => this.close(reason));
  }

  /** Media has been received, of late. */
  get joined(): boolean {
    return this.#joined;
  }

  /** It has not connected yet. */
  get pending(): boolean {
    return this.#state === "pending";
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  /** It fell silent; its connection is kept for when media comes again. */
  get asleep(): boolean {
    return this.#asleep && !this.closed;
  }

  /** What of the packets was unusual. */
  get oddities(): { strays: number; sourceChanges: number; overRate: number } {
    const sourceChanges = this.receivers.reduce((sum, one) => sum + one.sourceChanges, 0);
    return { strays: this.#demultiplexer.strays, sourceChanges, overRate: this.#overRate };
  }

  /** Repeats feedback and notices silence; to be called every few ten ms. */
  tick(now: number): void {
    for (const receiver of this.receivers) receiver.tick(now);
    this.#tellArrivals(now);
    if (now - this.#reportedAt >= reportEveryMs) this.#report(now);
    this.#noticeSilence(now);
  }

  #noticeSilence(now: number): void {
    const { pendingMs, silenceMs } = this.#parts.limits;
    const silentMs = now - this.#heardAt;
    if (this.#state === "pending") {
      if (silentMs >= pendingMs) this.close("not_connected");
      return;
    }
    const limitMs = this.#reports.limitMs(silenceMs);
    if (silentMs >= (this.#joined || this.#asleep ? limitMs + sleepMs : limitMs))
      this.close("silence");
    else if (this.#joined && silentMs >= limitMs) this.#sleep();
  }

  #sleep(): void {
    this.#joined = false;
    this.#asleep = true;
    for (const receiver of this.receivers) receiver.close();
    this.#parts.listener.slept(this);
  }

  /** This process itself was not running for `ms`: not the publisher's silence. */
  forgive(ms: number): void {
    this.#heardAt += ms;
  }

  /** Ends the session; later calls do nothing. */
  close(reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const receiver of this.receivers) receiver.close();
    this.#parts.listener.closed(this, reason);
    this.#parts.peer.close();
    this.#track = undefined;
  }

  #bind(track: PeerTrack): void {
    this.#track = track;
    track.onMessage((packet) => this.#message(packet));
  }

  #message(packet: Buffer): void {
    if (this.#state === "closed") return;
    const now = this.#parts.now();
    this.#heardAt = now;
    this.#state = "connected";
    if (isRtcp(packet)) {
      if (!this.#feedbackLeft.take(1, now)) return;
      if (isSenderReport(packet)) this.#reports.report(now);
      for (const receiver of this.receivers) receiver.receive(packet, now);
    } else this.#media(packet, now);
  }

  #media(packet: Buffer, now: number): void {
    const index = this.#demultiplexer.lineOf(packet);
    const receiver = index === undefined ? undefined : this.receivers[index];
    if (!this.#isWithinRate(receiver?.line.kind ?? "video", packet, now)) {
      receiver?.overRate(1);
      return;
    }
    if (!receiver) {
      this.#stray(packet, now);
      return;
    }
    if (!this.#joined) {
      this.#joined = true;
      this.#asleep = false;
      this.#parts.listener.joined(this);
    }
    receiver.receive(packet, now);
  }

  /** What is above the rate is dropped as a network would: it is lost for its sender and for those it was meant for. */
  #isWithinRate(kind: "audio" | "video", { length }: Buffer, now: number): boolean {
    const isWithin = this.#packetsLeft[kind].take(1, now) && this.#bytesLeft.take(length, now);
    if (!isWithin) this.#overRate++;
    return isWithin;
  }

  /** It was not lost on the way: its sender estimates the network by it. */
  #stray(packet: Buffer, now: number): void {
    const sequence = this.receivers
      .map(({ line }) => parseRtp(packet, line)?.transportSequence)
      .find((one) => one !== undefined);
    if (sequence !== undefined) this.#transport.arrived(sequence, now);
  }

  #connected(): void {
    if (this.#state !== "pending") return;
    this.#state = "connected";
    this.#heardAt = this.#parts.now();
  }

  /** About all tracks at once: they share the transport. */
  #tellArrivals(now: number): void {
    const ssrc = this.receivers.find((receiver) => receiver.ssrc !== undefined)?.ssrc;
    if (ssrc === undefined || !this.#track) return;
    const { feedbackSsrc } = this.#parts;
    for (const told of this.#transport.take(now, ssrc))
      this.#track.send(Buffer.concat([receiverReport(feedbackSsrc), told]));
  }

  #report(now: number): void {
    this.#reportedAt = now;
    for (const receiver of this.receivers) {
      const report = receiver.report(now);
      if (!report) continue;
      const estimate = receiver === this.#firstVideo() ? [this.#estimate()] : [];
      this.#track?.send(Buffer.concat([report, ...estimate]));
    }
  }

  #video(): TrackReceiver[] {
    return this.receivers.filter(({ line, ssrc }) => line.kind === "video" && ssrc !== undefined);
  }

  #firstVideo(): TrackReceiver | undefined {
    return this.#video()[0];
  }

  #estimate(): Buffer {
    const ssrcs = this.#video().flatMap(({ ssrc }) => (ssrc === undefined ? [] : [ssrc]));
    const { feedbackSsrc, limits } = this.#parts;
    return bitrateEstimate(feedbackSsrc, ssrcs, limits.videoKbps * 1000 * ssrcs.length);
  }
}
