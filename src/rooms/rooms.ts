import { AppError } from "../core/errors.ts";
import type { PublishRequest, SubscribeRequest } from "./contract/operations.ts";
import type {
  ForwardCounters,
  MediaCounters,
  PublishAnswer,
  RoomCounters,
  SentMedia,
} from "./contract/protocol.ts";
import { Places } from "./presence/places.ts";
import type { Revocations } from "./presence/revocations.ts";
import { addReceived, nothingReceived, publisherLimits } from "./publish/publications.ts";
import type { PublishSession } from "./publish/publishSession.ts";
import { Room, type RoomDeps, type RoomOptions } from "./room.ts";
import { addSent, nothingSent } from "./subscribe/sentMedia.ts";
import type { SubscribeSession } from "./subscribe/subscribeSession.ts";
import { subscriberLimits } from "./subscribe/subscriptions.ts";

export interface RoomsOptions extends RoomOptions {
  /** Publish sessions at most, over all rooms. */
  maxPublishers: number;
  /** Subscriptions at most, over all rooms. */
  maxSubscribers: number;
}

export interface RoomsDeps extends Omit<RoomDeps, "publishers" | "subscribers"> {
  revocations: Revocations;
}

/** The rooms of this machine. One is there as long as somebody needs it. */
export class Rooms {
  #options: RoomsOptions;
  #deps: RoomsDeps;
  #rooms = new Map<string, Room>();
  #publishers: Places<PublishSession>;
  #subscribers: Places<SubscribeSession>;
  /** Counted by rooms that are gone. */
  #past: MediaCounters & SentMedia = { ...nothingReceived, ...nothingSent };

  constructor(options: RoomsOptions, deps: RoomsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#publishers = new Places(publisherLimits(options.maxPublishers));
    this.#subscribers = new Places(subscriberLimits(options.maxSubscribers));
  }

  /** Sessions, of both kinds. */
  get sessions(): number {
    return this.#publishers.size + this.#subscribers.size;
  }

  get counters(): RoomCounters & ForwardCounters {
    const rooms = [...this.#rooms.values()];
    const received = rooms.map(({ publications }) => publications.counters);
    const sent = rooms.map(({ subscriptions }) => subscriptions.counters);
    const sum = <Key extends string>(all: readonly Record<Key, number>[], key: Key) =>
      all.reduce((total, one) => total + one[key], 0);
    return {
      ...received.reduce<MediaCounters>(addReceived, this.#past),
      ...sent.reduce<SentMedia>(addSent, this.#past),
      rooms: rooms.filter(({ publications }) => publications.sessions.length > 0).length,
      publishers: sum(received, "publishers"),
      tracks: sum(received, "tracks"),
      subscribers: sum(sent, "subscribers"),
      pausedVideos: sum(sent, "pausedVideos"),
    };
  }

  /** The room, if somebody needs it now. */
  get(roomId: string): Room | undefined {
    return this.#rooms.get(roomId);
  }

  /** The room, which is gone again at a later tick if nobody needs it. */
  open(roomId: string): Room {
    const known = this.#rooms.get(roomId);
    if (known) return known;
    const publishers = this.#publishers;
    const room = new Room(roomId, this.#options, {
      ...this.#deps,
      publishers,
      subscribers: this.#subscribers,
    });
    this.#rooms.set(roomId, room);
    return room;
  }

  /**
   * See `Publications.publish`.
   * @throws AppError as it does; UNAUTHORIZED for a token from before the person was removed or the room closed
   */
  async publish(request: PublishRequest): Promise<PublishAnswer> {
    this.#refuseRevoked(request);
    return this.open(request.roomId).publications.publish(request);
  }

  /**
   * See `Subscriptions.subscribe`.
   * @throws AppError as it does; UNAUTHORIZED for a token from before the person was removed or the room closed
   */
  async subscribe(request: SubscribeRequest): Promise<PublishAnswer> {
    this.#refuseRevoked(request);
    return this.open(request.roomId).subscriptions.subscribe(request);
  }

  /** Ticks all rooms, and forgets those that nobody needs. */
  tick(now: number): void {
    for (const [id, room] of this.#rooms) {
      room.tick(now);
      if (!room.isEmpty) continue;
      this.#rooms.delete(id);
      this.#past = {
        ...addReceived(this.#past, room.publications.counters),
        ...addSent(this.#past, room.subscriptions.counters),
      };
    }
  }

  /** This process itself was not running for `ms`: nobody's silence. */
  forgive(ms: number): void {
    for (const room of this.#rooms.values()) room.forgive(ms);
  }

  /** Ends all sessions. */
  close(reason: string): void {
    for (const room of this.#rooms.values()) room.close(reason);
  }

  #refuseRevoked({ roomId, user, issuedAt }: PublishRequest | SubscribeRequest): void {
    if (!this.#deps.revocations.refuses(roomId, user.id, issuedAt)) return;
    const metadata = { reason: "token_revoked" };
    throw new AppError("UNAUTHORIZED", "This room token is no longer valid.", metadata);
  }
}
