import { AppError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { MediaSource } from "../../core/media.ts";
import { orThrow } from "../../core/result.ts";
import type { PublishRequest } from "../contract/operations.ts";
import type { MediaCounters, PublishAnswer, RoomCounters } from "../contract/protocol.ts";
import type { Peer, PeerFactory } from "../peer/peer.ts";
import { makePlace, type ShareLimits } from "../presence/makePlace.ts";
import type { Occupancy } from "../presence/occupancy.ts";
import type { Revocations } from "../presence/revocations.ts";
import { writeAnswer } from "../sdp/answer.ts";
import { type ReducedOffer, reduceOffer } from "../sdp/offer.ts";
import { offerError } from "../sdp/offerError.ts";
import { PublishSession, type SessionLimits } from "./publishSession.ts";
import type { TrackCounters } from "./trackReceiver.ts";

export interface RoomsOptions extends SessionLimits {
  /** People in one room at most, whatever a token says. */
  maxParticipants: number;
  /** Publish sessions at most, over all rooms. */
  maxPublishers: number;
  startKbps: number;
  publicAddress?: string;
}

export interface RoomsDeps {
  peers: PeerFactory;
  occupancy: Occupancy;
  revocations: Revocations;
  log: Log;
  /** Monotonic ms. */
  now: () => number;
  newId: () => string;
  /** A random 32-bit number. */
  random32: () => number;
}

/** Told of media as it comes and goes. */
export interface MediaListener {
  joined(session: PublishSession): void;
  /** `left`: the person publishes nothing any more. */
  closed(session: PublishSession, reason: string, left: boolean): void;
}

/** Everyone publishing on this machine, by room and user. */
export class Publications {
  #options: RoomsOptions;
  #deps: RoomsDeps;
  #sessions = new Map<string, PublishSession>();
  /** Counted by sessions that are over. */
  #past: MediaCounters = {
    receivedBytes: 0,
    lostPackets: 0,
    nacks: 0,
    keyframeRequests: 0,
    droppedFrames: 0,
  };
  #listeners: MediaListener[] = [];
  /** Who publishes, by room and user: their media has begun and not ended with a successor on its way. */
  #publishers = new Set<string>();

  constructor(options: RoomsOptions, deps: RoomsDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  onMedia(listener: MediaListener): void {
    this.#listeners.push(listener);
  }

  get counters(): RoomCounters {
    const sessions = [...this.#sessions.values()];
    const tracks = sessions
      .flatMap(({ receivers }) => receivers)
      .filter(({ ssrc }) => ssrc !== undefined);
    return {
      rooms: new Set(sessions.map(({ roomId }) => roomId)).size,
      publishers: sessions.filter(({ asleep }) => !asleep).length,
      tracks: tracks.length,
      ...tracks.map(({ counters }) => mediaCounters(counters)).reduce(addCounters, this.#past),
    };
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Sessions of a room whose media has begun. */
  publishing(roomId: string): PublishSession[] {
    return this.#in(roomId).filter((session) => session.joined);
  }

  /**
   * Takes a publisher's offer. Their earlier session ends. Refusals: VALIDATION_ERROR (offer), UNAUTHORIZED (removed),
   * FORBIDDEN (observer), CONFLICT (full, or too many sessions of this user; `limit` in the metadata).
   */
  async publish(request: PublishRequest): Promise<PublishAnswer> {
    this.#admit(request);
    const offer = orThrow(reduceOffer(request.offer));
    const peer = this.#deps.peers(`${request.roomId}/${request.user.id}`);
    const session = this.#open(request, offer, peer);
    try {
      const answer = await peer.answer(offer.sdp);
      if (session.closed)
        throw new AppError("CONFLICT", "Replaced by a newer session.", { reason: "replaced" });
      this.#tellRefused(session, offer);
      return { sessionId: session.id, answer: writeAnswer(offer.answered, answer, this.#options) };
    } catch (error) {
      session.close("offer_refused");
      throw offerError(error, this.#deps.log);
    }
  }

  /** Ends a session of this user; false when there is none by that id. */
  unpublish(roomId: string, userId: string, sessionId: string): boolean {
    const session = this.#of(roomId, userId).find(({ id }) => id === sessionId);
    if (!session) return false;
    session.close("unpublished");
    return true;
  }

  /** Whether a user has this publish session. */
  has(roomId: string, userId: string, sessionId: string): boolean {
    return this.#of(roomId, userId).some(({ id }) => id === sessionId);
  }

  /** ICE user fragment of a session's client; undefined when this user has no such session. */
  clientUfrag(roomId: string, userId: string, sessionId: string): string | undefined {
    return this.#of(roomId, userId).find(({ id }) => id === sessionId)?.clientUfrag;
  }

  /** Closes a user's media at once. */
  remove(roomId: string, userId: string): void {
    for (const session of this.#of(roomId, userId)) session.close("removed");
  }

  closeRoom(roomId: string): void {
    for (const session of this.#in(roomId)) session.close("room_closed");
  }

  closeAll(reason: string): void {
    for (const session of [...this.#sessions.values()]) session.close(reason);
  }

  tick(now: number): void {
    for (const session of [...this.#sessions.values()]) session.tick(now);
  }

  forgive(ms: number): void {
    for (const session of this.#sessions.values()) session.forgive(ms);
  }

  #admit({ roomId, user, role, issuedAt, source, maxParticipants }: PublishRequest): void {
    if (this.#deps.revocations.refuses(roomId, user.id, issuedAt)) {
      throw new AppError("UNAUTHORIZED", "This room token is no longer valid.", {
        reason: "token_revoked",
      });
    }
    if (role === "observer")
      throw new AppError("FORBIDDEN", "Observers may not publish.", { reason: "observer" });
    if (this.#find(roomId, user.id, source)) return;
    const limit = Math.min(maxParticipants, this.#options.maxParticipants);
    // One screen a person at most: screens are bounded like cameras, but do not take people's places.
    const there = this.#in(roomId).filter((session) => session.source === source);
    if (there.length >= limit && !giveWay(there)) {
      throw new AppError("CONFLICT", "The room is full.", { reason: "room_full", limit });
    }
    this.#makePlace({ roomId, user });
  }

  #makePlace(newcomer: Pick<PublishRequest, "roomId" | "user">): void {
    const limits = shareLimits(this.#options.maxPublishers);
    const shortage = makePlace([...this.#sessions.values()], newcomer, limits);
    if (shortage === "user") {
      const metadata = { reason: "too_many_publications", limit: limits.perUser };
      const message = "This person publishes too often at once: end one of the others first.";
      throw new AppError("CONFLICT", message, metadata);
    }
    if (shortage === "server" && !giveWay([...this.#sessions.values()])) {
      const metadata = { reason: "server_full", limit: limits.total };
      throw new AppError("CONFLICT", "This server takes no more publishers.", metadata);
    }
  }

  #open(request: PublishRequest, offer: ReducedOffer, peer: Peer): PublishSession {
    const { roomId, user, role, source } = request;
    const session = new PublishSession({
      id: this.#deps.newId(),
      roomId,
      user,
      role,
      source,
      lines: offer.lines,
      routing: offer.routing,
      clientUfrag: offer.clientUfrag,
      peer,
      feedbackSsrc: this.#deps.random32(),
      limits: this.#options,
      listener: {
        joined: (joined) => this.#joined(joined),
        slept: (slept) => this.#slept(slept),
        closed: (closed, reason) => this.#closed(closed, reason),
      },
      now: this.#deps.now,
    });
    const earlier = this.#find(roomId, user.id, source);
    this.#sessions.set(keyOf(session), session);
    earlier?.close("replaced");
    return session;
  }

  #tellRefused({ roomId, user, id }: PublishSession, { answered }: ReducedOffer): void {
    const refused = answered.flatMap(({ kind, refused }) =>
      refused ? [`${kind}: ${refused}`] : [],
    );
    if (refused.length === 0) return;
    const fields = { roomId, userId: user.id, sessionId: id, refused };
    this.#deps.log.info(fields, "some lines of an offer are not received");
  }

  #joined(session: PublishSession): void {
    const { roomId, user, id } = session;
    this.#deps.log.info({ roomId, userId: user.id, sessionId: id }, "media has begun");
    this.#publishers.add(personOf(session));
    this.#deps.occupancy.enter(roomId, { user, role: session.role }, publishing);
    for (const listener of this.#listeners) listener.joined(session);
  }

  /** Gone for everybody, unless media comes again over the same connection. */
  #slept(session: PublishSession): void {
    const { roomId, user, id } = session;
    this.#deps.log.info({ roomId, userId: user.id, sessionId: id }, "publisher fell silent");
    this.#tellEnd(session, "silence");
  }

  #closed(session: PublishSession, reason: string): void {
    const { roomId, user, id } = session;
    this.#deps.log.info(
      { roomId, userId: user.id, sessionId: id, reason, ...session.oddities },
      "publish session ended",
    );
    this.#past = session.receivers
      .map(({ counters }) => mediaCounters(counters))
      .reduce(addCounters, this.#past);
    const replaced = this.#sessions.get(keyOf(session)) !== session;
    if (!replaced) this.#sessions.delete(keyOf(session));
    this.#tellEnd(session, reason, replaced);
  }

  #tellEnd(session: PublishSession, reason: string, replaced = false): void {
    const { roomId, user } = session;
    const others = this.#of(roomId, user.id).some((other) => other !== session && other.joined);
    const left = !replaced && !others && this.#publishers.delete(personOf(session));
    for (const listener of this.#listeners) listener.closed(session, reason, left);
    if (left) this.#deps.occupancy.leave(roomId, user.id, publishing);
  }

  #find(roomId: string, userId: string, source: MediaSource): PublishSession | undefined {
    return this.#sessions.get(`${roomId}\n${userId}\n${source}`);
  }

  #of(roomId: string, userId: string): PublishSession[] {
    return this.#in(roomId).filter(({ user }) => user.id === userId);
  }

  #in(roomId: string): PublishSession[] {
    return [...this.#sessions.values()].filter((session) => session.roomId === roomId);
  }
}

/** Camera and screen in a few meetings; nobody has more than half of a small server. */
function shareLimits(total: number): ShareLimits {
  return { total, perUser: Math.max(2, Math.min(8, Math.floor(total / 2))), pendingPerUser: 4 };
}

/** Ends one that fell silent, for somebody who comes; false when there is none. */
function giveWay(sessions: readonly PublishSession[]): boolean {
  const silent = sessions.find(({ asleep }) => asleep);
  silent?.close("silence");
  return silent !== undefined;
}

/** Keeps a publisher in the room. */
const publishing = "publishing";

const personOf = ({ roomId, user }: PublishSession): string => `${roomId}\n${user.id}`;
const keyOf = ({ roomId, user, source }: PublishSession): string =>
  `${roomId}\n${user.id}\n${source}`;

function mediaCounters({
  bytes,
  lost,
  nacks,
  keyframeRequests,
  droppedFrames,
}: TrackCounters): MediaCounters {
  return { receivedBytes: bytes, lostPackets: lost, nacks, keyframeRequests, droppedFrames };
}

function addCounters(a: MediaCounters, b: MediaCounters): MediaCounters {
  return {
    receivedBytes: a.receivedBytes + b.receivedBytes,
    lostPackets: a.lostPackets + b.lostPackets,
    nacks: a.nacks + b.nacks,
    keyframeRequests: a.keyframeRequests + b.keyframeRequests,
    droppedFrames: a.droppedFrames + b.droppedFrames,
  };
}
