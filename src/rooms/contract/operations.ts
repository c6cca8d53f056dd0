import { z } from "zod";
import type { CaptureState, Health, PublishAnswer, RoomStats, ShutdownAnswer } from "./protocol.ts";

/**
 * What a server asks the room process: an operation is one entry here, with what it is asked (checked where it arrives) and what
 * it answers, and one handler (`ControlHandlers`). Client and handlers have their types from this table.
 */
interface Operation<Request, Answer> {
  request: z.ZodType<Request>;
  /** Never there: it only carries the type. */
  answer?: Answer;
}

function operation<Shape extends z.ZodRawShape>(shape: Shape) {
  type Request = z.infer<z.ZodObject<Shape>>;
  const request = z.strictObject(shape) as unknown as z.ZodType<Request>;
  return { answers: <Answer>(): Operation<Request, Answer> => ({ request }) };
}

const id = z.string().min(1).max(256);
const room = { roomId: id };
const session = { ...room, userId: id, sessionId: id };
const recording = { recordingId: id };
const source = z.enum(["camera", "screen"]);
const protocol = z.enum(["whip", "whep"]);
const person = {
  ...room,
  user: z.strictObject({ id, name: z.string().max(1024) }),
  role: z.enum(["host", "participant", "observer"]),
  maxParticipants: z.number().int().positive(),
  /** When the token was issued, epoch ms. */
  issuedAt: z.number(),
  /** SDP. */
  offer: z.string(),
};
const subscription = {
  /** One publication; absent = everybody else's. */
  target: z.strictObject({ userId: id, source }).optional(),
  /** A newer session of the same client replaces the older one. */
  client: id.optional(),
};
const maxDurationMs = z.number().positive();

/** Whether there is such a session. */
interface Found {
  found: boolean;
}

export const operations = {
  health: operation({}).answers<Health>(),
  stats: operation({}).answers<RoomStats>(),
  publish: operation({ ...person, source }).answers<PublishAnswer>(),
  unpublish: operation(session).answers<Found>(),
  subscribe: operation({ ...person, ...subscription }).answers<PublishAnswer>(),
  unsubscribe: operation(session).answers<Found>(),
  /** A session to publish, or to watch. */
  hasSession: operation(session).answers<Found>(),
  /** Without `ufrag` when there is no such session. */
  clientUfrag: operation({ ...session, protocol }).answers<{ ufrag?: string | undefined }>(),
  removeParticipant: operation({ ...room, userId: id }).answers<void>(),
  closeRoom: operation(room).answers<void>(),
  startCapture: operation({ ...recording, ...room, maxDurationMs }).answers<CaptureState>(),
  stopCapture: operation({
    ...recording,
    reason: z.string().min(1).max(64),
  }).answers<CaptureState>(),
  pauseCapture: operation(recording).answers<CaptureState>(),
  resumeCapture: operation(recording).answers<CaptureState>(),
  captureState: operation(recording).answers<CaptureState>(),
  removeCapture: operation(recording).answers<void>(),
  /** With the name of a server, only if no other one follows. */
  shutdown: operation({ unlessFollowedBesides: id.optional() }).answers<ShutdownAnswer>(),
};

type Operations = typeof operations;
export type OperationName = keyof Operations;
export type RequestOf<Name extends OperationName> = z.infer<Operations[Name]["request"]>;
export type AnswerOf<Name extends OperationName> = Operations[Name] extends {
  answer?: infer Answer;
}
  ? Answer
  : never;

export type PublishRequest = RequestOf<"publish">;
export type SubscribeRequest = RequestOf<"subscribe">;
export type CaptureRequest = RequestOf<"startCapture">;
