import type { MediaSource } from "../../core/media.ts";
import { ActiveSpeaker } from "../../media/format/time/activeSpeaker.ts";
import type { Occupant } from "../presence/occupants.ts";
import type { PublishSession } from "../publish/publishSession.ts";
import type {
  MediaState,
  PersonView,
  PublicationView,
  RecordingNotice,
  RoomView,
} from "./channelMessages.ts";

/** Earlier turns are nobody's business here. */
const keptTurns = 100;

/** What one subscriber does with a publication. */
export interface Placement {
  slot: number;
  paused: boolean;
}

export interface BoardInput {
  self: string;
  occupants: readonly Occupant[];
  publications: readonly PublishSession[];
  recording: RecordingNotice | null;
  placementOf: (session: PublishSession) => Placement | undefined;
}

const keyOf = (userId: string, source: MediaSource): string => `${userId}/${source}`;

/** What is known of one room beyond its media: who is muted, and who speaks. */
export class RoomBoard {
  #states = new Map<string, MediaState & { userId: string }>();
  #speaker = new ActiveSpeaker();

  /** Who speaks, or spoke last. */
  get speaker(): string | undefined {
    return this.#speaker.turns.at(-1)?.participant;
  }

  /** Holds for the person's present and later sessions of that source. */
  setMedia(userId: string, state: MediaState): void {
    this.#states.set(keyOf(userId, state.source), { ...state, userId });
  }

  /** What a person said last of a source of theirs; both are on until they say otherwise. */
  mediaOf(userId: string, source: MediaSource): MediaState {
    return this.#states.get(keyOf(userId, source)) ?? { source, audio: true, video: true };
  }

  /** True when somebody else speaks now. */
  level(now: number, userId: string, dbov: number): boolean {
    const before = this.speaker;
    this.#speaker.level(now, userId, dbov);
    const { turns } = this.#speaker;
    if (turns.length > keptTurns) turns.splice(0, turns.length - 1);
    return this.speaker !== before;
  }

  /** Forgets everybody who is not there any more. */
  forgetAllBut(userIds: readonly string[]): void {
    for (const [key, { userId }] of this.#states)
      if (!userIds.includes(userId)) this.#states.delete(key);
    const { speaker } = this;
    if (speaker !== undefined && !userIds.includes(speaker)) this.#speaker.left(speaker);
  }

  view({ self, occupants, publications, recording, placementOf }: BoardInput): RoomView {
    const published = (userId: string, source: MediaSource): PublicationView | null => {
      const session = publications.find((one) => one.user.id === userId && one.source === source);
      return session ? this.#publication(session, placementOf(session)) : null;
    };
    const people = occupants.map(
      ({ user, role }): PersonView => ({
        userId: user.id,
        name: user.name,
        role,
        camera: published(user.id, "camera"),
        screen: published(user.id, "screen"),
      }),
    );
    const speaks = people.find(({ userId, camera }) => camera?.audio && userId === this.speaker);
    return { self, people, speaker: speaks?.userId ?? null, recording };
  }

  #publication(session: PublishSession, placement: Placement | undefined): PublicationView {
    const state = this.#states.get(keyOf(session.user.id, session.source));
    const has = (kind: "audio" | "video") =>
      session.receivers.some(({ line }) => line.kind === kind) && (state?.[kind] ?? true);
    return {
      slot: placement?.slot ?? null,
      audio: has("audio"),
      video: has("video"),
      ...(placement?.paused ? { paused: true } : {}),
    };
  }
}
