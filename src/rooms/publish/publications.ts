import { AppError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { orThrow } from "../../core/result.ts";
import type { PublishRequest } from "../contract/operations.ts";
import type { MediaCounters, PublishAnswer } from "../contract/protocol.ts";
import type { Peer, PeerFactory } from "../peer/peer.ts";
import type { Occupants } from "../presence/occupants.ts";
import type { Places, ShareLimits } from "../presence/places.ts";
import { writeAnswer } from "../sdp/answer.ts";
import { type ReducedOffer, reduceOffer } from "../sdp/offer.ts";
import { offerError } from "../sdp/offerError.ts";
import { PublishSession, type SessionLimits } from "./publishSession.ts";
import type { TrackCounters } from "./trackReceiver.ts";

export interface PublicationsOptions extends SessionLimits {
  /** People in the room at most, whatever a token says. */
  maxParticipants: number;
  startKbps: number;
  publicAddress?: string;
}

export interface PublicationsDeps {
  peers: PeerFactory;
  log: Log;
  /** Monotonic ms. */
  now: () => number;
  newId: () => string;
  /** A random 32-bit number. */
  random32: () => number;
  /** Of all rooms. */
  places: Places<PublishSession>;
}

/** The room in which they are. */
export interface PublicationsRoom {
  id: string;
  occupants: Occupants;
  /** Told of media as it comes and goes. */
  media: MediaListener;
}

/** Told of media as it comes and goes. */
export interface MediaListener {
  joined(session: PublishSession): void;
  /** `left`: the person publishes nothing any more. */
  closed(session: PublishSession, reason: string, left: boolean): void;
}

/** Who publishes in a room: at most one camera and one screen of each person. */
export class Publications {
  #options: PublicationsOptions;
  #deps: PublicationsDeps;
  #room: PublicationsRoom;
  /** By user and source. */
  #sessions = new Map<string, PublishSession>();
  /** Counted by sessions that are over. */
  #past: MediaCounters = nothingReceived;
  /** The users whose media has begun and not ended with a successor on its way. */
  #publishers = new Set<string>();

  constructor(options: PublicationsOptions, deps: PublicationsDeps, room: PublicationsRoom) {
    this.#options = options;
    this.#deps = deps;
    this.#room = room;
  }

  get counters(): MediaCounters & { publishers: number; tracks: number } {
    const tracks = this.sessions
      .flatMap(({ receivers }) => receivers)
      .filter(({ ssrc }) => ssrc !== undefined);
    return {
      publishers: this.sessions.filter(({ asleep }) => !asleep).length,
      tracks: tracks.length,
      ...tracks.map(({ counters }) => mediaCounters(counters)).reduce(addReceived, this.#past),
    };
  }

  get sessions(): PublishSession[] {
    return [...this.#sessions.values()];
  }

  /** Whose media has begun. */
  get publishing(): PublishSession[] {
    return this.sessions.filter(({ joined }) => joined);
  }

  /**
   * Takes a publisher's offer. Their earlier session ends.
   * @throws AppError VALIDATION_ERROR (offer), FORBIDDEN (observer), CONFLICT (full, or too many sessions of this user; `limit` in the
   * metadata; or replaced by a newer one meanwhile)
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

  /** The session of this user by that id. */
  find(userId: string, sessionId: string): PublishSession | undefined {
    return this.#of(userId).find(({ id }) => id === sessionId);
  }

  /** Closes a user's media at once. */
  remove(userId: string): void {
    for (const session of this.#of(userId)) session.close("removed");
  }

  close(reason: string): void {
    for (const session of this.sessions) session.close(reason);
  }

  tick(now: number): void {
    for (const session of this.sessions) session.tick(now);
  }

  forgive(ms: number): void {
    for (const session of this.#sessions.values()) session.forgive(ms);
  }

  #admit({ roomId, user, role, source, maxParticipants }: PublishRequest): void {
    if (role === "observer")
      throw new AppError("FORBIDDEN", "Observers may not publish.", { reason: "observer" });
    if (this.#sessions.has(keyOf({ user, source }))) return;
    const limit = Math.min(maxParticipants, this.#options.maxParticipants);
    // One screen a person at most: screens are bounded like cameras, but do not take people's places.
    const there = this.sessions.filter((session) => session.source === source);
    if (there.length >= limit && !giveWay(there)) {
      throw new AppError("CONFLICT", "The room is full.", { reason: "room_full", limit });
    }
    this.#makePlace({ roomId, user });
  }

  #makePlace(newcomer: Pick<PublishRequest, "roomId" | "user">): void {
    const { places } = this.#deps;
    const shortage = places.makeFor(newcomer);
    if (shortage === "user") {
      const metadata = { reason: "too_many_publications", limit: places.limits.perUser };
      const message = "This person publishes too often at once: end one of the others first.";
      throw new AppError("CONFLICT", message, metadata);
    }
    if (shortage === "server" && !giveWay(places.sessions)) {
      const metadata = { reason: "server_full", limit: places.limits.total };
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
    const earlier = this.#sessions.get(keyOf(session));
    this.#sessions.set(keyOf(session), session);
    this.#deps.places.take(session);
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
    this.#publishers.add(user.id);
    this.#room.occupants.enter({ user, role: session.role }, publishing);
    this.#room.media.joined(session);
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
      .reduce(addReceived, this.#past);
    this.#deps.places.release(session);
    const replaced = this.#sessions.get(keyOf(session)) !== session;
    if (!replaced) this.#sessions.delete(keyOf(session));
    this.#tellEnd(session, reason, replaced);
  }

  #tellEnd(session: PublishSession, reason: string, replaced = false): void {
    const { user } = session;
    const others = this.#of(user.id).some((other) => other !== session && other.joined);
    const left = !replaced && !others && this.#publishers.delete(user.id);
    this.#room.media.closed(session, reason, left);
    if (left) this.#room.occupants.leave(user.id, publishing);
  }

  #of(userId: string): PublishSession[] {
    return this.sessions.filter(({ user }) => user.id === userId);
  }
}

/** Of `total` publishers: camera and screen in a few meetings; nobody has more than half of a small server. */
export function publisherLimits(total: number): ShareLimits {
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

const keyOf = ({ user, source }: Pick<PublishSession, "user" | "source">): string =>
  `${user.id}\n${source}`;

export const nothingReceived: MediaCounters = {
  receivedBytes: 0,
  lostPackets: 0,
  nacks: 0,
  keyframeRequests: 0,
  droppedFrames: 0,
};

function mediaCounters({
  bytes,
  lost,
  nacks,
  keyframeRequests,
  droppedFrames,
}: TrackCounters): MediaCounters {
  return { receivedBytes: bytes, lostPackets: lost, nacks, keyframeRequests, droppedFrames };
}

/** The sum of both. */
export function addReceived(a: MediaCounters, b: MediaCounters): MediaCounters {
  return {
    receivedBytes: a.receivedBytes + b.receivedBytes,
    lostPackets: a.lostPackets + b.lostPackets,
    nacks: a.nacks + b.nacks,
    keyframeRequests: a.keyframeRequests + b.keyframeRequests,
    droppedFrames: a.droppedFrames + b.droppedFrames,
  };
}
