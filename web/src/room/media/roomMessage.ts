/** Where somebody's media is: `slot` undefined = it is not forwarded to us (it is our own, or no slot is free). */
export interface Publication {
  slot: number | undefined;
  audio: boolean;
  video: boolean;
  /** Our connection is too weak for the video now: it is not sent, and comes back by itself. */
  paused: boolean;
}

export interface PersonInRoom {
  userId: string;
  name: string;
  role: "host" | "participant" | "observer" | undefined;
  camera: Publication | undefined;
  screen: Publication | undefined;
}

/** What the room says about itself. */
export interface RoomState {
  revision: number;
  self: string;
  people: PersonInRoom[];
  /** Who speaks. */
  speaker: string | undefined;
  recording: RoomRecording | undefined;
}

export interface RoomRecording {
  recordingId: string;
  /** Epoch ms. */
  startedAt: number;
  paused: boolean;
  /** Since when it is paused, epoch ms. */
  pausedAt: number | undefined;
  /** Of the pauses that are over, ms. */
  pausedMs: number;
}

/** One of our own publications has ended; `session` is the last part of its address. */
export interface Unpublished {
  session: string;
  reason: string;
}

export type RoomMessage =
  | { type: "room"; state: RoomState }
  | { type: "pong" }
  | ({ type: "unpublished" } & Unpublished)
  /** The last one: the server ends the connection. */
  | { type: "end"; reason: string };

type Json = Record<string, unknown>;

/** Reads a message of the room's data channel; undefined for what is not understood, which is to be ignored. */
export function parseRoomMessage(data: unknown): RoomMessage | undefined {
  const message = parseJson(data);
  if (message?.["type"] === "pong") return { type: "pong" };
  if (message?.["type"] === "unpublished")
    return {
      type: "unpublished",
      session: textOf(message["session"]) ?? "",
      reason: textOf(message["reason"]) ?? "unknown",
    };
  if (message?.["type"] === "end")
    return { type: "end", reason: textOf(message["reason"]) ?? "unknown" };
  if (message?.["type"] !== "room") return undefined;
  const { revision, self, people } = message;
  if (typeof revision !== "number" || typeof self !== "string" || !Array.isArray(people))
    return undefined;
  const state: RoomState = {
    revision,
    self,
    people: people.filter(isJson).flatMap(personOf),
    speaker: textOf(message["speaker"]),
    recording: recordingOf(message["recording"]),
  };
  return { type: "room", state };
}

function parseJson(data: unknown): Json | undefined {
  try {
    const parsed: unknown = JSON.parse(String(data));
    return isJson(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null;

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

function personOf({ userId, name, role, camera, screen }: Json): PersonInRoom[] {
  if (typeof userId !== "string") return [];
  const known = role === "host" || role === "participant" || role === "observer" ? role : undefined;
  return [
    {
      userId,
      name: textOf(name) ?? "Somebody",
      role: known,
      camera: publicationOf(camera),
      screen: publicationOf(screen),
    },
  ];
}

function publicationOf(value: unknown): Publication | undefined {
  if (!isJson(value)) return undefined;
  const { slot, audio, video, paused } = value;
  return {
    slot: typeof slot === "number" ? slot : undefined,
    audio: audio === true,
    video: video === true,
    paused: paused === true,
  };
}

function recordingOf(value: unknown): RoomState["recording"] {
  if (!isJson(value)) return undefined;
  const { recordingId, startedAt, paused, pausedAt, pausedMs } = value;
  if (typeof recordingId !== "string" || typeof startedAt !== "number") return undefined;
  return {
    ...{ recordingId, startedAt, paused: paused === true },
    pausedAt: typeof pausedAt === "number" ? pausedAt : undefined,
    pausedMs: typeof pausedMs === "number" ? pausedMs : 0,
  };
}
