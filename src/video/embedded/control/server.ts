import { unlink } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { z } from "zod";
import { AppError, isAppError } from "../../../core/errors.ts";
import type { Log } from "../../../core/log.ts";
import {
  type CaptureState,
  followerHeader,
  type Health,
  type PresenceLine,
  type PublishAnswer,
  type PublishRequest,
  type RoomStats,
  type ShutdownAnswer,
  type SubscribeRequest,
} from "./protocol.ts";

/** What the control API does; each may reject with an AppError. */
export interface ControlHandlers {
  /** Called with every request. */
  contacted(): void;
  health(): Health;
  stats(): RoomStats;
  publish(request: PublishRequest): Promise<PublishAnswer>;
  unpublish(request: { roomId: string; userId: string; sessionId: string }): boolean;
  subscribe(request: SubscribeRequest): Promise<PublishAnswer>;
  unsubscribe(request: { roomId: string; userId: string; sessionId: string }): boolean;
  /** Whether it is known, to publish or to watch. */
  hasSession(request: { roomId: string; userId: string; sessionId: string }): boolean;
  /** Undefined when there is no such session to publish (`whip`) or to watch. */
  clientUfrag(request: {
    roomId: string;
    userId: string;
    sessionId: string;
    protocol: "whip" | "whep";
  }): string | undefined;
  removeParticipant(request: { roomId: string; userId: string }): Promise<void>;
  closeRoom(request: { roomId: string }): Promise<void>;
  startCapture(request: {
    recordingId: string;
    roomId: string;
    maxDurationMs: number;
  }): Promise<CaptureState>;
  stopCapture(request: { recordingId: string; reason: string }): Promise<CaptureState>;
  pauseCapture(request: { recordingId: string }): Promise<CaptureState>;
  resumeCapture(request: { recordingId: string }): Promise<CaptureState>;
  captureState(request: { recordingId: string }): Promise<CaptureState>;
  removeCapture(request: { recordingId: string }): Promise<void>;
  /** The first line is the snapshot; returns the unsubscribe function. */
  watchPresence(send: (line: PresenceLine) => void): () => void;
  shutdown(): void;
}

/** The largest offer, escaped. */
const maxBodyBytes = 512 * 1024;
const pingMs = 2000;
const id = z.string().min(1).max(256);
const room = { roomId: id };
const session = { ...room, userId: id, sessionId: id };
const recording = { recordingId: id };
const source = z.enum(["camera", "screen"]);
const person = {
  ...room,
  user: z.strictObject({ id, name: z.string().max(1024) }),
  role: z.enum(["host", "participant", "observer"]),
  maxParticipants: z.number().int().positive(),
  issuedAt: z.number(),
  offer: z.string(),
};
const publish = z.strictObject({ ...person, source });
const subscribe = z.strictObject({
  ...person,
  target: z.strictObject({ userId: id, source }).optional(),
  client: id.optional(),
});

type Route = (body: unknown) => unknown;

/** The control API: `POST /<operation>` with JSON in and out, and `GET /presence` as a stream of JSON lines. */
export class ControlServer {
  #server: Server;
  #handlers: ControlHandlers;
  #log: Log;
  #routes: Record<string, Route>;
  /** The servers that follow presence; one of an earlier version has no name. */
  #followers = new Map<ServerResponse, string | undefined>();

  constructor(handlers: ControlHandlers, log: Log) {
    this.#handlers = handlers;
    this.#log = log;
    this.#routes = {
      ...routes(handlers),
      shutdown: one({ unlessFollowedBesides: id.optional() }, (body) =>
        this.#shutDown(body.unlessFollowedBesides),
      ),
    };
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => this.#fail(response, error));
    });
  }

  /** Listens; a socket file left by a dead process is replaced, so the caller must hold the instance lock. */
  async listen(socketPath: string): Promise<void> {
    if (process.platform !== "win32") await unlink(socketPath).catch(() => undefined);
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(socketPath, resolve);
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#handlers.contacted();
    if (request.method === "GET" && request.url === "/presence") {
      this.#stream(response, request.headers[followerHeader]?.toString());
      return;
    }
    const name = request.method === "POST" ? (request.url ?? "").slice(1) : "";
    const route = Object.hasOwn(this.#routes, name) ? this.#routes[name] : undefined;
    if (!route) throw new AppError("NOT_FOUND", "No such operation.");
    sendJson(response, 200, (await route(await readJson(request))) ?? {});
  }

  /** Leaves; with the name of a server only if no other one follows. */
  async #shutDown(besides: string | undefined): Promise<ShutdownAnswer> {
    // Servers that leave together: whoever hung up before this request came is no longer counted after these turns.
    for (let turn = 0; turn < 2; turn++) await nextTurn();
    const others = [...this.#followers.values()].some((name) => name !== besides);
    if (besides !== undefined && others) return { stays: true };
    this.#handlers.shutdown();
    return { stays: false };
  }

  #stream(response: ServerResponse, follower: string | undefined): void {
    this.#followers.set(response, follower);
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    const send = (line: PresenceLine) => response.write(`${JSON.stringify(line)}\n`);
    const unsubscribe = this.#handlers.watchPresence(send);
    const pings = setInterval(() => {
      this.#handlers.contacted();
      send({ type: "ping" });
    }, pingMs);
    response.on("close", () => {
      clearInterval(pings);
      this.#followers.delete(response);
      unsubscribe();
    });
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const known = isAppError(error)
      ? error
      : new AppError("INTERNAL_ERROR", "The room process failed.", undefined, error);
    if (known.blame === "us") this.#log.error({ err: error }, "control request failed");
    sendJson(response, known.statusCode, { error: known.toData() });
  }
}

function one<T extends z.ZodRawShape>(
  shape: T,
  call: (value: z.infer<z.ZodObject<T>>) => unknown,
): Route {
  const schema = z.strictObject(shape) as unknown as z.ZodType<z.infer<z.ZodObject<T>>>;
  return (body) => call(parse(schema, body));
}

function routes(handlers: ControlHandlers): Record<string, Route> {
  return {
    health: () => handlers.health(),
    stats: () => handlers.stats(),
    publish: (body) => handlers.publish(parse(publish, body)),
    unpublish: one(session, (body) => ({ found: handlers.unpublish(body) })),
    subscribe: (body) => handlers.subscribe(parse(subscribe, body)),
    unsubscribe: one(session, (body) => ({ found: handlers.unsubscribe(body) })),
    hasSession: one(session, (body) => ({ found: handlers.hasSession(body) })),
    clientUfrag: one({ ...session, protocol: z.enum(["whip", "whep"]) }, (body) => ({
      ufrag: handlers.clientUfrag(body),
    })),
    removeParticipant: one({ ...room, userId: id }, (body) => handlers.removeParticipant(body)),
    closeRoom: one(room, (body) => handlers.closeRoom(body)),
    startCapture: one({ ...recording, ...room, maxDurationMs: z.number().positive() }, (body) =>
      handlers.startCapture(body),
    ),
    stopCapture: one({ ...recording, reason: z.string().min(1).max(64) }, (body) =>
      handlers.stopCapture(body),
    ),
    pauseCapture: one(recording, (body) => handlers.pauseCapture(body)),
    resumeCapture: one(recording, (body) => handlers.resumeCapture(body)),
    captureState: one(recording, (body) => handlers.captureState(body)),
    removeCapture: one(recording, (body) => handlers.removeCapture(body)),
  };
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join(".") ?? "";
  throw new AppError("VALIDATION_ERROR", "The request is not as it must be.", { field });
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new AppError("VALIDATION_ERROR", "The request is too large.");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8") || "{}");
  } catch {
    throw new AppError("VALIDATION_ERROR", "The request is not JSON.");
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json" }).end(text);
}
