import { TokenBucket } from "../../core/limits/tokenBucket.ts";
import type { MediaSource } from "../../core/media.ts";
import type { RoomRole } from "../../video/port.ts";
import type { Peer, SendingLine } from "../peer/peer.ts";
import type { Occupant } from "../presence/occupants.ts";
import type { PublishSession } from "../publish/publishSession.ts";
import { parseRtcp, type RtcpPacket } from "../rtp/rtcp.ts";
import { audioLevelUri } from "../sdp/offerParts.ts";
import type { ReceivingLine, SubscriptionOffer } from "../sdp/subscribeOffer.ts";
import type { ClientMessage, RoomView } from "./channelMessages.ts";
import { Downlink } from "./downlink.ts";
import type { Placement } from "./roomBoard.ts";
import { RoomChannel } from "./roomChannel.ts";
import { SlotBook } from "./slotBook.ts";
import { TrackSender } from "./trackSender.ts";

export interface SubscriberLimits {
  /** A session that has not connected by then is closed, ms. */
  pendingMs: number;
  /** A subscriber is given up after this long without a word, ms. */
  subscriberSilenceMs: number;
}

/** What a subscription is of: one publication, or everybody else's. */
export interface Target {
  userId: string;
  source: MediaSource;
}

export interface SubscribeListener {
  connected(session: SubscribeSession): void;
  message(session: SubscribeSession, message: ClientMessage): void;
  /** The channel can take messages, or what is shown has changed. */
  changed(session: SubscribeSession): void;
  /** Called once. */
  closed(session: SubscribeSession, reason: string): void;
}

export interface SubscribeParts extends Occupant {
  id: string;
  roomId: string;
  /** A newer session of the same client replaces this one. */
  client: string;
  target: Target | undefined;
  offer: SubscriptionOffer;
  peer: Peer;
  limits: SubscriberLimits;
  listener: SubscribeListener;
  random32: () => number;
  /** Monotonic ms. */
  now: () => number;
}

interface Slot {
  audio?: TrackSender;
  video?: TrackSender;
  shows?: PublishSession;
}

const assessEveryMs = 1000;
/** An older estimate says nothing. */
const estimateMs = 3000;
/**
 * Packets of feedback of one subscriber, and packets that one may ask for again: each of these costs one on the way out, which
 * the library sends by itself. At once: this process may have stood still.
 */
const most = {
  feedback: { perSecond: 500, atOnce: 10_000 },
  asked: { perSecond: 5000, atOnce: 20_000 },
} as const;
const keyOf = ({ user, source }: PublishSession): string => `${user.id}/${source}`;

/** One person watching over one transport: slots for other people's media, and the room's channel. */
export class SubscribeSession {
  readonly id: string;
  readonly roomId: string;
  readonly user: { id: string; name: string };
  readonly role: RoomRole;
  readonly client: string;
  readonly target: Target | undefined;
  /** Monotonic ms. */
  readonly openedAt: number;
  #parts: SubscribeParts;
  #slots: Slot[] = [];
  #book: SlotBook;
  #channel: RoomChannel;
  #feedbackLeft = new TokenBucket(most.feedback.perSecond, most.feedback.atOnce);
  #askedLeft = new TokenBucket(most.asked.perSecond, most.asked.atOnce);
  #state: "pending" | "connected" | "closed" = "pending";
  #heardAt: number;
  #downlink = new Downlink();
  #estimate: { bitsPerSecond: number; at: number } | undefined;
  #assessedAt: number;
  #seen = { packets: 0, videoBytes: 0 };
  #packetsSeen = new Map<TrackSender, number>();
  #wanted: ReadonlySet<number> | undefined;

  constructor(parts: SubscribeParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.roomId = parts.roomId;
    this.user = parts.user;
    this.role = parts.role;
    this.client = parts.client;
    this.target = parts.target;
    this.openedAt = this.#heardAt = this.#assessedAt = parts.now();
    const count = { audio: 0, video: 0 };
    for (const line of parts.offer.lines) {
      const index = count[line.kind]++;
      this.#slots[index] = { ...this.#slots[index], [line.kind]: this.#sender(line, index) };
    }
    this.#book = new SlotBook(parts.target ? 1 : this.#slots.length);
    this.#channel = new RoomChannel(parts.now, {
      opened: () => parts.listener.changed(this),
      heard: () => {
        this.#heardAt = parts.now();
      },
      message: (message) => parts.listener.message(this, message),
      tooMany: () => this.close("too_many_channels"),
    });
    parts.peer.onChannel((channel) => this.#channel.bind(channel));
    parts.peer.onConnected(() => this.#connected());
    parts.peer.onClosed((reason) => this.close(reason));
  }

  /** ICE user fragment of the offer. */
  get clientUfrag(): string {
    return this.#parts.offer.clientUfrag;
  }

  /** The answer to the offer. @throws as `Peer.answer` */
  answer(): Promise<string> {
    return this.#parts.peer.answer(this.#parts.offer.sdp);
  }

  get connected(): boolean {
    return this.#state === "connected";
  }

  /** It has not connected yet. */
  get pending(): boolean {
    return this.#state === "pending";
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  get senders(): TrackSender[] {
    return this.#slots.flatMap(({ audio, video }) =>
      [audio, video].filter((one) => one !== undefined),
    );
  }

  /** Videos this subscriber's connection is too weak for now. */
  get pausedVideos(): number {
    return this.#slots.filter((_, index) => this.#isThinned(index)).length;
  }

  /** Puts a publication into its slot; false when none is free. */
  show(session: PublishSession): boolean {
    const index = this.#book.take(keyOf(session));
    const slot = index === undefined ? undefined : this.#slots[index];
    if (!slot) return false;
    if (slot.shows === session) return true;
    slot.shows = session;
    for (const kind of ["audio", "video"] as const)
      slot[kind]?.attach(session.receivers.find(({ line }) => line.kind === kind));
    this.#parts.listener.changed(this);
    return true;
  }

  /** Takes a publication out of its slot; true when it was in one. */
  hide(session: PublishSession): boolean {
    const slot = this.#slots.find(({ shows }) => shows === session);
    if (!slot) return false;
    delete slot.shows;
    slot.audio?.attach(undefined);
    slot.video?.attach(undefined);
    this.#book.release(keyOf(session));
    this.#parts.listener.changed(this);
    return true;
  }

  placementOf(session: PublishSession): Placement | undefined {
    const slot = this.#slots.findIndex(({ shows }) => shows === session);
    return slot === -1 ? undefined : { slot, paused: this.#isThinned(slot) };
  }

  /** Only these slots' videos are sent. */
  want(slots: readonly number[]): void {
    this.#wanted = new Set(slots);
  }

  /** Tells the room's state if it has changed since it was told; false when that has to be tried again. */
  tell(view: RoomView): boolean {
    return this.#channel.tell(view);
  }

  /** Tells the owner of a publication why it has ended: which of their windows it was, each knows. */
  unpublished({ id: session, source }: PublishSession, reason: string): void {
    this.#channel.send({ type: "unpublished", source, session, reason });
  }

  /** Notices silence and, once a second, chooses the videos; `importance` is higher for what must be seen. */
  tick(now: number, importance: (session: PublishSession) => number): void {
    const { pendingMs, subscriberSilenceMs } = this.#parts.limits;
    const pending = this.#state === "pending";
    if (now - this.#heardAt >= (pending ? pendingMs : subscriberSilenceMs)) {
      this.close(pending ? "not_connected" : "silence");
      return;
    }
    this.#choose(importance);
    if (now - this.#assessedAt >= assessEveryMs) this.#assess(now);
  }

  /** This process itself was not running for `ms`: not the subscriber's silence. */
  forgive(ms: number): void {
    this.#heardAt += ms;
  }

  /** Ends the session; later calls do nothing. */
  close(reason: string): void {
    if (this.#state === "closed") return;
    this.#channel.send({ type: "end", reason });
    this.#state = "closed";
    this.#channel.close();
    for (const sender of this.senders) sender.attach(undefined);
    this.#parts.listener.closed(this, reason);
    this.#parts.peer.close();
  }

  #sender(line: ReceivingLine, index: number): TrackSender {
    const { peer, random32, now } = this.#parts;
    const ssrc = random32() || 1;
    const track = peer.addTrack(sendingLine(line, ssrc, index));
    const first = { sequence: random32() & 0xffff, timestamp: random32() };
    const sender = new TrackSender({ line, track, ssrc, first, now });
    track.onMessage((rtcp) => {
      this.#heardAt = now();
      if (!this.#feedbackLeft.take(1, this.#heardAt)) this.close("too_much_feedback");
      else for (const packet of parseRtcp(rtcp)) this.#feedback(sender, packet);
    });
    return sender;
  }

  #feedback(sender: TrackSender, packet: RtcpPacket): void {
    const asked = packet.type === "nack" ? packet.sequences.length : 0;
    if (!this.#askedLeft.take(asked, this.#heardAt)) this.close("asked_too_much");
    if (packet.type === "estimate")
      this.#estimate = { bitsPerSecond: packet.bitsPerSecond, at: this.#heardAt };
    else sender.feedback(packet);
  }

  #connected(): void {
    if (this.#state !== "pending") return;
    this.#state = "connected";
    this.#heardAt = this.#parts.now();
    this.#parts.listener.connected(this);
  }

  /** Videos in the order in which they are given up last. */
  #choose(importance: (session: PublishSession) => number): void {
    const shown = [...this.#slots.entries()]
      .flatMap(([index, { shows, video }]) => (shows && video ? [{ index, shows, video }] : []))
      .filter(({ index, video }) => {
        const wanted = this.#wanted?.has(index) ?? true;
        if (!wanted) video.pause(true);
        return wanted;
      })
      .sort((a, b) => importance(b.shows) - importance(a.shows));
    let changed = false;
    for (const [rank, { video, index }] of shown.entries()) {
      const before = this.#isThinned(index);
      video.pause(rank >= this.#downlink.limit);
      changed ||= before !== this.#isThinned(index);
    }
    if (changed) this.#parts.listener.changed(this);
  }

  #isThinned(index: number): boolean {
    const slot = this.#slots[index];
    return (
      slot?.shows !== undefined && slot.video?.paused === true && (this.#wanted?.has(index) ?? true)
    );
  }

  #assess(now: number): void {
    const seconds = (now - this.#assessedAt) / 1000;
    this.#assessedAt = now;
    const total = totals(this.senders);
    const sent = ((total.videoBytes - this.#seen.videoBytes) * 8) / seconds;
    // Who is sent nothing and has no channel has nothing to say either.
    if (total.packets === this.#seen.packets && !this.#channel.open && this.connected)
      this.#heardAt = now;
    this.#seen = total;
    const loss = this.#loss();
    const active = this.senders.filter(({ kind, sending }) => kind === "video" && sending);
    // Sound waits in the same queue, and goes on when no video does.
    const waitingMs = Math.max(0, ...this.senders.map((sender) => sender.waitingMs));
    const fresh = this.#estimate && now - this.#estimate.at < estimateMs;
    const estimate = fresh ? this.#estimate?.bitsPerSecond : undefined;
    const wanted = this.#slots.filter(({ shows, video }, index) => {
      return shows && video && (this.#wanted?.has(index) ?? true);
    });
    this.#downlink.assess({ estimate, sent, loss, waitingMs }, active.length, wanted.length);
  }

  #loss(): number {
    let loss = 0;
    for (const { video } of this.#slots) {
      if (!video) continue;
      const { packets } = video.counters;
      const sent = packets - (this.#packetsSeen.get(video) ?? 0);
      this.#packetsSeen.set(video, packets);
      const asked = video.takeAsked();
      if (!video.sending || sent === 0) continue;
      loss = Math.max(loss, video.fractionLost, asked / sent);
    }
    return loss;
  }
}

function sendingLine(line: ReceivingLine, ssrc: number, index: number): SendingLine {
  const { mid, kind, formats, audioLevelId, nack } = line;
  const attributes = audioLevelId > 0 ? [`extmap:${audioLevelId} ${audioLevelUri}`] : [];
  const [opus] = formats;
  // Video has it by itself.
  if (kind === "audio" && nack && opus) attributes.push(`rtcp-fb:${opus.payloadType} nack`);
  return { mid, kind, formats, ssrc, stream: `slot${index}`, attributes };
}

function totals(senders: readonly TrackSender[]): { packets: number; videoBytes: number } {
  return senders.reduce(
    (sum, { kind, counters }) => ({
      packets: sum.packets + counters.packets,
      videoBytes: sum.videoBytes + (kind === "video" ? counters.bytes : 0),
    }),
    { packets: 0, videoBytes: 0 },
  );
}
