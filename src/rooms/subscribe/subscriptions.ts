import { AppError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { MediaSource } from "../../core/media.ts";
import { orThrow } from "../../core/result.ts";
import type { SubscribeRequest } from "../contract/operations.ts";
import type { ForwardCounters, PublishAnswer, SentMedia } from "../contract/protocol.ts";
import type { Peer, PeerFactory } from "../peer/peer.ts";
import { makePlace, type ShareLimits } from "../presence/makePlace.ts";
import type { Occupancy } from "../presence/occupancy.ts";
import type { Revocations } from "../presence/revocations.ts";
import type { MediaListener, Publications } from "../publish/publications.ts";
import type { PublishSession } from "../publish/publishSession.ts";
import { withPublicAddress } from "../sdp/answer.ts";
import { offerError } from "../sdp/offerError.ts";
import { readSubscription, type SubscriptionOffer } from "../sdp/subscribeOffer.ts";
import type { ClientMessage, MediaState, RecordingNotice } from "./channelMessages.ts";
import { importanceOf } from "./importance.ts";
import { RoomBoard } from "./roomBoard.ts";
import { addSent, sentBy } from "./sentMedia.ts";
import {
  type SubscribeParts,
  type SubscriberLimits,
  SubscribeSession,
} from "./subscribeSession.ts";

export interface SubscriptionsOptions extends SubscriberLimits {
  /** People in one room at most, whatever a token says. */
  maxParticipants: number;
  /** Subscriptions at most, over all rooms. */
  maxSubscribers: number;
  publicAddress?: string;
}

export interface SubscriptionsDeps {
  peers: PeerFactory;
  occupancy: Occupancy;
  revocations: Revocations;
  log: Log;
  /** Monotonic ms. */
  now: () => number;
  newId: () => string;
  /** A random 32-bit number. */
  random32: () => number;
  rooms: Pick<Publications, "publishing">;
  /** The running recording of a room. */
  recordingOf: (roomId: string) => RecordingNotice | null;
}

/** Of one person in one room. */
const maxPerUser = 8;
/** Changes closer together are told at once. */
const tellEveryMs = 100;

interface Board {
  board: RoomBoard;
  changed: boolean;
  toldAt: number;
  recording: string;
}

/** Everyone watching on this machine, by room: who is sent whose media, and what they are told. */
export class Subscriptions implements MediaListener {
  #options: SubscriptionsOptions;
  #deps: SubscriptionsDeps;
  #sessions = new Map<string, SubscribeSession>();
  #boards = new Map<string, Board>();
  #past: SentMedia = { forwardedPackets: 0, forwardedBytes: 0, nackedPackets: 0 };

  constructor(options: SubscriptionsOptions, deps: SubscriptionsDeps) {
    this.#options = options;
    this.#deps = deps;
    deps.occupancy.onChange((roomId) => this.#changed(roomId));
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** What a person in a room said last of what they publish. */
  mediaOf(roomId: string, userId: string, source: MediaSource): MediaState {
    const board = this.#boards.get(roomId)?.board;
    return board?.mediaOf(userId, source) ?? { source, audio: true, video: true };
  }

  get counters(): ForwardCounters {
    const sessions = [...this.#sessions.values()];
    return {
      subscribers: sessions.length,
      pausedVideos: sessions.reduce((sum, { pausedVideos }) => sum + pausedVideos, 0),
      ...sessions.map(sentBy).reduce(addSent, this.#past),
    };
  }

  /**
   * Takes a subscriber's offer; an earlier session of the same client ends. Refusals: VALIDATION_ERROR (offer),
   * UNAUTHORIZED (removed), CONFLICT (full, or too many subscriptions of this user; `limit` in the metadata).
   */
  async subscribe(request: SubscribeRequest): Promise<PublishAnswer> {
    this.#admit(request);
    const session = this.#open(request, orThrow(readSubscription(request.offer)));
    try {
      const answer = await session.answer();
      if (session.closed)
        throw new AppError("CONFLICT", "Replaced by a newer session.", { reason: "replaced" });
      return {
        sessionId: session.id,
        answer: withPublicAddress(answer, this.#options.publicAddress),
      };
    } catch (error) {
      session.close("offer_refused");
      throw offerError(error, this.#deps.log);
    }
  }

  /** Ends a session of this user; false when there is none by that id. */
  unsubscribe(roomId: string, userId: string, sessionId: string): boolean {
    const session = this.#find(roomId, userId, sessionId);
    session?.close("unsubscribed");
    return session !== undefined;
  }

  /** Whether a user has this subscription. */
  has(roomId: string, userId: string, sessionId: string): boolean {
    return this.#find(roomId, userId, sessionId) !== undefined;
  }

  /** ICE user fragment of a subscription's client; undefined when this user has no such subscription. */
  clientUfrag(roomId: string, userId: string, sessionId: string): string | undefined {
    return this.#find(roomId, userId, sessionId)?.clientUfrag;
  }

  remove(roomId: string, userId: string): void {
    for (const session of this.#in(roomId))
      if (session.user.id === userId) session.close("removed");
  }

  closeRoom(roomId: string): void {
    for (const session of this.#in(roomId)) session.close("room_closed");
  }

  closeAll(reason: string): void {
    for (const session of [...this.#sessions.values()]) session.close(reason);
  }

  joined(session: PublishSession): void {
    const { roomId, user, source } = session;
    if (source === "camera") {
      for (const receiver of session.receivers)
        receiver.onLevel((dbov) => this.#level(roomId, user.id, dbov));
    }
    for (const subscription of this.#in(roomId))
      if (isFor(subscription, session)) subscription.show(session);
    this.#changed(roomId);
  }

  closed(session: PublishSession, reason: string): void {
    const { roomId, user } = session;
    for (const subscription of this.#in(roomId)) {
      if (subscription.hide(session)) this.#fill(subscription);
      if (subscription.user.id === user.id) subscription.unpublished(session, reason);
    }
    this.#changed(roomId);
  }

  /** Notices silence, chooses videos and tells changes; to be called every few ten ms. */
  tick(now: number): void {
    for (const session of [...this.#sessions.values()]) {
      const speaker = this.#boards.get(session.roomId)?.board.speaker;
      session.tick(now, (shown) => importanceOf(shown, speaker));
    }
    for (const [roomId, board] of this.#boards) this.#tell(roomId, board, now);
  }

  forgive(ms: number): void {
    for (const session of this.#sessions.values()) session.forgive(ms);
  }

  #find(roomId: string, userId: string, sessionId: string): SubscribeSession | undefined {
    const session = this.#sessions.get(sessionId);
    return session?.roomId === roomId && session.user.id === userId ? session : undefined;
  }

  #admit({ roomId, user, role, issuedAt, maxParticipants, client }: SubscribeRequest): void {
    if (this.#deps.revocations.refuses(roomId, user.id, issuedAt)) {
      throw new AppError("UNAUTHORIZED", "This room token is no longer valid.", {
        reason: "token_revoked",
      });
    }
    const own = this.#in(roomId).filter((one) => one.user.id === user.id);
    if (own.some((one) => one.client === client)) return;
    if (own.length >= maxPerUser) throw tooMany(maxPerUser);
    const limit = Math.min(maxParticipants, this.#options.maxParticipants);
    if (this.#others(roomId, user.id, role === "observer").size >= limit)
      throw new AppError("CONFLICT", "The room is full.", { reason: "room_full", limit });
    this.#makePlace({ roomId, user });
  }

  #makePlace(newcomer: Pick<SubscribeRequest, "roomId" | "user">): void {
    const limits = shareLimits(this.#options.maxSubscribers);
    const shortage = makePlace([...this.#sessions.values()], newcomer, limits);
    if (shortage === "user") throw tooMany(limits.perUser);
    if (shortage === "server") {
      const metadata = { reason: "server_full", limit: limits.total };
      throw new AppError("CONFLICT", "This server takes no more subscribers.", metadata);
    }
  }

  /** Observers take nobody's place, and there are no more of them than people. */
  #others(roomId: string, userId: string, observers: boolean): Set<string> {
    const people = [...this.#deps.occupancy.of(roomId), ...this.#in(roomId)];
    const others = people.filter(({ user, role }) => {
      return user.id !== userId && (role === "observer") === observers;
    });
    return new Set(others.map(({ user }) => user.id));
  }

  #open(request: SubscribeRequest, offer: SubscriptionOffer): SubscribeSession {
    const { roomId, user, role, target } = request;
    const id = this.#deps.newId();
    const peer = this.#deps.peers(`${roomId}/${user.id}/watch`);
    const client = request.client ?? id;
    const { random32, now } = this.#deps;
    const session = this.#made(peer, {
      ...{ id, roomId, user, role, client, target, offer, peer, random32, now },
      limits: this.#options,
      listener: {
        connected: (one) => this.#connected(one),
        message: (one, message) => this.#message(one, message),
        changed: (one) => this.#changed(one.roomId),
        closed: (one, reason) => this.#closed(one, reason),
      },
    });
    const earlier = this.#in(roomId).filter(
      (one) => one.user.id === user.id && one.client === client,
    );
    this.#sessions.set(id, session);
    for (const one of earlier) one.close("replaced");
    this.#fill(session);
    return session;
  }

  /** A line the transport refuses leaves nothing open. */
  #made(peer: Peer, parts: SubscribeParts): SubscribeSession {
    try {
      return new SubscribeSession(parts);
    } catch (error) {
      peer.close();
      throw offerError(error, this.#deps.log);
    }
  }

  #connected(session: SubscribeSession): void {
    const { roomId, user, role, id } = session;
    this.#deps.log.info({ roomId, userId: user.id, sessionId: id }, "a subscriber is connected");
    this.#deps.occupancy.enter(roomId, { user, role }, id);
  }

  #closed(session: SubscribeSession, reason: string): void {
    const { roomId, user, id } = session;
    if (!this.#sessions.delete(id)) return;
    this.#deps.log.info({ roomId, userId: user.id, sessionId: id, reason }, "subscription ended");
    this.#past = addSent(this.#past, sentBy(session));
    this.#deps.occupancy.leave(roomId, user.id, id);
  }

  /** Gives what is published a slot, as far as there are free ones. */
  #fill(subscription: SubscribeSession): void {
    for (const session of this.#deps.rooms.publishing(subscription.roomId))
      if (isFor(subscription, session)) subscription.show(session);
  }

  #message(session: SubscribeSession, message: ClientMessage): void {
    if (message.type === "video") session.want(message.slots);
    if (message.type !== "media") return;
    const { source, audio, video } = message;
    this.#boardOf(session.roomId).board.setMedia(session.user.id, { source, audio, video });
    this.#changed(session.roomId);
  }

  #level(roomId: string, userId: string, dbov: number): void {
    const known = this.#boards.get(roomId);
    if (known?.board.level(this.#deps.now(), userId, dbov)) known.changed = true;
  }

  #changed(roomId: string): void {
    this.#boardOf(roomId).changed = true;
  }

  #boardOf(roomId: string): Board {
    const known = this.#boards.get(roomId);
    if (known) return known;
    const made = { board: new RoomBoard(), changed: true, toldAt: 0, recording: "null" };
    this.#boards.set(roomId, made);
    return made;
  }

  #tell(roomId: string, known: Board, now: number): void {
    const occupants = this.#deps.occupancy.of(roomId);
    const subscriptions = this.#in(roomId);
    if (occupants.length === 0 && subscriptions.length === 0) {
      this.#boards.delete(roomId);
      return;
    }
    const recording = this.#deps.recordingOf(roomId);
    const isNew = JSON.stringify(recording) !== known.recording;
    if (!(known.changed || isNew) || now - known.toldAt < tellEveryMs) return;
    known.recording = JSON.stringify(recording);
    known.changed = false;
    known.toldAt = now;
    known.board.forgetAllBut(occupants.map(({ user }) => user.id));
    const publications = this.#deps.rooms.publishing(roomId);
    for (const subscription of subscriptions) {
      const self = subscription.user.id;
      const placementOf = (session: PublishSession) => subscription.placementOf(session);
      const input = { self, occupants, publications, recording, placementOf };
      if (!subscription.tell(known.board.view(input))) known.changed = true;
    }
  }

  #in(roomId: string): SubscribeSession[] {
    return [...this.#sessions.values()].filter((session) => session.roomId === roomId);
  }
}

/** Windows in a few meetings; nobody has more than half of a small server. */
function shareLimits(total: number): ShareLimits {
  const perUser = Math.max(2, Math.min(3 * maxPerUser, Math.floor(total / 2)));
  return { total, perUser, pendingPerUser: maxPerUser };
}

function tooMany(limit: number): AppError {
  const metadata = { reason: "too_many_subscriptions", limit };
  return new AppError("CONFLICT", "This person subscribes too often.", metadata);
}

function isFor({ user, target }: SubscribeSession, session: PublishSession): boolean {
  if (!target) return session.user.id !== user.id;
  return target.userId === session.user.id && target.source === session.source;
}
