import { z } from "zod";
import type { MediaSource } from "../../core/media.ts";
import type { RoomRole } from "../../video/port.ts";

export const channelLabel = "room";
/** Longest message taken from a client, bytes. */
export const maxMessageBytes = 4096;

/** What a person publishes, as one subscriber sees it. */
export interface PublicationView {
  /** Where it is in this subscription; null when it has no slot or is their own. */
  slot: number | null;
  audio: boolean;
  video: boolean;
  /** This subscriber's connection is too weak for the video now. */
  paused?: true;
}

export interface PersonView {
  userId: string;
  name: string;
  role: RoomRole;
  camera: PublicationView | null;
  screen: PublicationView | null;
}

export interface RecordingNotice {
  recordingId: string;
  /** Epoch ms. */
  startedAt: number;
  paused: boolean;
  /** Since when it is paused, epoch ms; null while it is not. */
  pausedAt: number | null;
  /** Of the pauses that are over, ms. */
  pausedMs: number;
}

/** The whole state of a room, as one subscriber sees it. */
export interface RoomView {
  self: string;
  /** In order of arrival. */
  people: PersonView[];
  speaker: string | null;
  recording: RecordingNotice | null;
}

export type ServerMessage =
  | ({ type: "room"; revision: number } & RoomView)
  | { type: "pong" }
  /** A publication of this subscriber's own user has ended: `session` names it as its WHIP address does. */
  | { type: "unpublished"; source: MediaSource; session: string; reason: string }
  /** The last message: why the server ends this subscription. */
  | { type: "end"; reason: string };

const slots = z.array(z.number().int().nonnegative().max(64)).max(64);
const clientMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("media"),
    source: z.enum(["camera", "screen"]),
    audio: z.boolean(),
    video: z.boolean(),
  }),
  z.object({ type: z.literal("video"), slots }),
  z.object({ type: z.literal("ping") }),
]);

export type ClientMessage = z.infer<typeof clientMessage>;

/** What a person says of their own publication: whether its audio and video are on. */
export interface MediaState {
  source: MediaSource;
  audio: boolean;
  video: boolean;
}

/** Undefined for what is not known here: clients may be newer. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  try {
    return clientMessage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
