import { AppError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { MediaSource } from "../../core/media.ts";
import { orThrow } from "../../core/result.ts";
import type { SubscribeRequest } from "../contract/operations.ts";
import type { ForwardCounters, PublishAnswer, SentMedia } from "../contract/protocol.ts";
import type { Peer, PeerFactory } from "../peer/peer.ts";
import type { Occupants } from "../presence/occupants.ts";
import type { Places, ShareLimits } from "../presence/places.ts";
import type { Publications } from "../publish/publications.ts";
import type { PublishSession } from "../publish/publishSession.ts";
import { withPublicAddress } from "../sdp/answer.ts";
import { offerError } from "../sdp/offerError.ts";
import { readSubscription, type SubscriptionOffer } from "../sdp/subscribeOffer.ts";
import type { ClientMessage, MediaState, RecordingNotice } from "./channelMessages.ts";
import { importanceOf } from "./importance.ts";
import { RoomBoard } from "./roomBoard.ts";
import { addSent, nothingSent, sentBy } from "./sentMedia.ts";
import {
  type SubscribeParts,
  type SubscriberLimits,
  SubscribeSession,
} from "./subscribeSession.ts";

export interface SubscriptionsOptions extends SubscriberLimits {
  /** People in the room at most, whatever a token says. */
  maxParticipants: number;
  publicAddress?: string;
}

export interface SubscriptionsDeps {
  peers: PeerFactory;
  log: Log;
  /** Monotonic ms. */
  now: () => number;
  newId: () => string;
  /** A random 32-bit number. */
  random32: () => number;
  /** Of all rooms. */
  places: Places<SubscribeSession>;
}

/** The room in which they are. */
export interface SubscriptionsRoom {
  id: string;
  occupants: Occupants;
  publications: Pick<Publications, "publishing">;
  /** The running recording. */
  readonly recording: RecordingNotice | null;
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

/** Who watches a room: who is sent whose media, and what they are told. */
export class Subscriptions {
  #options: SubscriptionsOptions;
  #deps: SubscriptionsDeps;
  #room: SubscriptionsRoom;
  #sessions = new Map<string, SubscribeSession>();
  /** Absent while nobody is there. */
  #board: Board | undefined;
  #past: SentMedia = nothingSent;

  constructor(options: SubscriptionsOptions, deps: SubscriptionsDeps, room: SubscriptionsRoom) {
    this.#options = options;
    this.#deps = deps;
    this.#room = room;
  }

  get sessions(): SubscribeSession[] {
    return [...this.#sessions.values()];
  }

  /** What a person said last of what they publish. */
  mediaOf(userId: string, source: MediaSource): MediaState {
    return this.#board?.board.mediaOf(userId, source) ?? { source, audio: true, video: true };
  }

  get counters(): ForwardCounters {
    return {
      subscribers: this.#sessions.size,
      pausedVideos: this.sessions.reduce((sum, { pausedVideos }) => sum + pausedVideos, 0),
      ...this.sessions.map(sentBy).reduce(addSent, this.#past),
    };
  }

  /**
   * Takes a subscriber's offer; an earlier session of the same client ends.
   * @throws AppError VALIDATION_ERROR (offer), CONFLICT (full, or too many subscriptions of this user; `limit` in the metadata; or
   * replaced by a newer one meanwhile)
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

  /** The session of this user by that id. */
  find(userId: string, sessionId: string): SubscribeSession | undefined {
    const session = this.#sessions.get(sessionId);
    return session?.user.id === userId ? session : undefined;
  }

  /** Ends all that this user watches. */
  remove(userId: string): void {
    for (const session of this.#of(userId)) session.close("removed");
  }

  close(reason: string): void {
    for (const session of this.sessions) session.close(reason);
  }

  /** Somebody's media has begun. */
  joined(session: PublishSession): void {
    const { user, source } = session;
    if (source === "camera") {
      for (const receiver of session.receivers)
        receiver.onLevel((dbov) => this.#level(user.id, dbov));
    }
    for (const subscription of this.sessions)
      if (isFor(subscription, session)) subscription.show(session);
    this.changed();
  }

  /** Somebody's media has ended. */
  closed(session: PublishSession, reason: string): void {
    for (const subscription of this.sessions) {
      if (subscription.hide(session)) this.#fill(subscription);
      if (subscription.user.id === session.user.id) subscription.unpublished(session, reason);
    }
    this.changed();
  }

  /** What is to be told is not what was told. */
  changed(): void {
    this.#boardNow().changed = true;
  }

  /** Notices silence, chooses videos and tells changes; to be called every few ten ms. */
  tick(now: number): void {
    const speaker = this.#board?.board.speaker;
    for (const session of this.sessions) session.tick(now, (shown) => importanceOf(shown, speaker));
    if (this.#room.occupants.size === 0 && this.#sessions.size === 0) this.#board = undefined;
    else if (this.#board) this.#tell(this.#board, now);
  }

  forgive(ms: number): void {
    for (const session of this.#sessions.values()) session.forgive(ms);
  }

  #admit({ roomId, user, role, maxParticipants, client }: SubscribeRequest): void {
    const own = this.#of(user.id);
    if (own.some((one) => one.client === client)) return;
    if (own.length >= maxPerUser) throw tooMany(maxPerUser);
    const limit = Math.min(maxParticipants, this.#options.maxParticipants);
    if (this.#others(user.id, role === "observer").size >= limit)
      throw new AppError("CONFLICT", "The room is full.", { reason: "room_full", limit });
    this.#makePlace({ roomId, user });
  }

  #makePlace(newcomer: Pick<SubscribeRequest, "roomId" | "user">): void {
    const { places } = this.#deps;
    const shortage = places.makeFor(newcomer);
    if (shortage === "user") throw tooMany(places.limits.perUser);
    if (shortage === "server") {
      const metadata = { reason: "server_full", limit: places.limits.total };
      throw new AppError("CONFLICT", "This server takes no more subscribers.", metadata);
    }
  }

  /** Observers take nobody's place, and there are no more of them than people. */
  #others(userId: string, observers: boolean): Set<string> {
    const people = [...this.#room.occupants.people, ...this.sessions];
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
        changed: () => this.changed(),
        closed: (one, reason) => this.#closed(one, reason),
      },
    });
    const earlier = this.#of(user.id).filter((one) => one.client === client);
    this.#sessions.set(id, session);
    this.#deps.places.take(session);
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
    this.#room.occupants.enter({ user, role }, id);
  }

  #closed(session: SubscribeSession, reason: string): void {
    const { roomId, user, id } = session;
    if (!this.#sessions.delete(id)) return;
    this.#deps.log.info({ roomId, userId: user.id, sessionId: id, reason }, "subscription ended");
    this.#past = addSent(this.#past, sentBy(session));
    this.#deps.places.release(session);
    this.#room.occupants.leave(user.id, id);
  }

  /** Gives what is published a slot, as far as there are free ones. */
  #fill(subscription: SubscribeSession): void {
    for (const session of this.#room.publications.publishing)
      if (isFor(subscription, session)) subscription.show(session);
  }

  #message(session: SubscribeSession, message: ClientMessage): void {
    if (message.type === "video") session.want(message.slots);
    if (message.type !== "media") return;
    const { source, audio, video } = message;
    this.#boardNow().board.setMedia(session.user.id, { source, audio, video });
    this.changed();
  }

  #level(userId: string, dbov: number): void {
    if (this.#board?.board.level(this.#deps.now(), userId, dbov)) this.#board.changed = true;
  }

  #boardNow(): Board {
    this.#board ??= { board: new RoomBoard(), changed: true, toldAt: 0, recording: "null" };
    return this.#board;
  }

  #tell(known: Board, now: number): void {
    const { recording } = this.#room;
    const isNew = JSON.stringify(recording) !== known.recording;
    if (!(known.changed || isNew) || now - known.toldAt < tellEveryMs) return;
    known.recording = JSON.stringify(recording);
    known.changed = false;
    known.toldAt = now;
    const occupants = this.#room.occupants.people;
    known.board.forgetAllBut(occupants.map(({ user }) => user.id));
    const publications = this.#room.publications.publishing;
    for (const subscription of this.sessions) {
      const self = subscription.user.id;
      const placementOf = (session: PublishSession) => subscription.placementOf(session);
      const input = { self, occupants, publications, recording, placementOf };
      if (!subscription.tell(known.board.view(input))) known.changed = true;
    }
  }

  #of(userId: string): SubscribeSession[] {
    return this.sessions.filter(({ user }) => user.id === userId);
  }
}

/** Of `total` subscribers: windows in a few meetings; nobody has more than half of a small server. */
export function subscriberLimits(total: number): ShareLimits {
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
