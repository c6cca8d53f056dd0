import type { CapturedRoom } from "./capture/captures.ts";
import type { MediaOf } from "./capture/roomCapture.ts";
import { Occupants } from "./presence/occupants.ts";
import type { PresenceBook } from "./presence/presenceBook.ts";
import {
  type MediaListener,
  Publications,
  type PublicationsDeps,
  type PublicationsOptions,
} from "./publish/publications.ts";
import type { PublishSession } from "./publish/publishSession.ts";
import type { RecordingNotice } from "./subscribe/channelMessages.ts";
import {
  Subscriptions,
  type SubscriptionsDeps,
  type SubscriptionsOptions,
} from "./subscribe/subscriptions.ts";

export type RoomOptions = PublicationsOptions & SubscriptionsOptions;

export interface RoomDeps extends Omit<PublicationsDeps, "places"> {
  presence: PresenceBook;
  publishers: PublicationsDeps["places"];
  subscribers: SubscriptionsDeps["places"];
}

/** One meeting's room: who is in it, who publishes, who watches, and its capture while it is recorded. */
export class Room implements CapturedRoom, MediaListener {
  readonly id: string;
  readonly occupants: Occupants;
  readonly publications: Publications;
  readonly subscriptions: Subscriptions;
  capture: CapturedRoom["capture"];

  constructor(id: string, options: RoomOptions, deps: RoomDeps) {
    this.id = id;
    this.occupants = new Occupants(id, deps.presence, () => this.subscriptions.changed());
    const { occupants } = this;
    const publishing = { ...deps, places: deps.publishers };
    this.publications = new Publications(options, publishing, { id, occupants, media: this });
    this.subscriptions = new Subscriptions(options, { ...deps, places: deps.subscribers }, this);
  }

  /** Nothing would be lost with it. */
  get isEmpty(): boolean {
    const sessions = this.publications.sessions.length + this.subscriptions.sessions.length;
    return sessions + this.occupants.size === 0 && this.capture === undefined;
  }

  get publishing(): PublishSession[] {
    return this.publications.publishing;
  }

  /** What is told of the running recording. */
  get recording(): RecordingNotice | null {
    return this.capture?.notice ?? null;
  }

  readonly mediaOf: MediaOf = (userId, source) => this.subscriptions.mediaOf(userId, source);

  joined(session: PublishSession): void {
    this.capture?.attach(session);
    this.subscriptions.joined(session);
  }

  closed(session: PublishSession, reason: string, left: boolean): void {
    this.capture?.detach(session, reason, left);
    this.subscriptions.closed(session, reason);
  }

  /** Repeats feedback, notices silence, tells what changed; to be called every few ten ms. */
  tick(now: number): void {
    this.publications.tick(now);
    this.subscriptions.tick(now);
  }

  /** This process itself was not running for `ms`: nobody's silence. */
  forgive(ms: number): void {
    this.publications.forgive(ms);
    this.subscriptions.forgive(ms);
  }

  /** Ends all that a person sends and watches. */
  remove(userId: string): void {
    this.subscriptions.remove(userId);
    this.publications.remove(userId);
  }

  /** Ends all that is sent and watched; the capture goes on. */
  close(reason: string): void {
    this.subscriptions.close(reason);
    this.publications.close(reason);
  }
}
