import { unlink } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { z } from "zod";
import { AppError, isAppError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import {
  type AnswerOf,
  type OperationName,
  operations,
  type RequestOf,
} from "../contract/operations.ts";
import { followerHeader, type PresenceLine, type ShutdownAnswer } from "../contract/protocol.ts";

/** What is done for each operation. @throws AppError, which is the answer then */
export type OperationHandlers = {
  [Name in OperationName]: (request: RequestOf<Name>) => AnswerOf<Name> | Promise<AnswerOf<Name>>;
};

export interface ControlHandlers extends Omit<OperationHandlers, "shutdown"> {
  /** Called with every request. */
  contacted(): void;
  /** The first line is the snapshot; returns the unsubscribe function. */
  watchPresence(send: (line: PresenceLine) => void): () => void;
  shutdown(): void;
}

/** The largest offer, escaped. */
const maxBodyBytes = 512 * 1024;
const pingMs = 2000;
/** The control API: `POST /<operation>` with JSON in and out, and `GET /presence` as a stream of JSON lines. */
export class ControlServer {
  #server: Server;
  #handlers: ControlHandlers;
  #log: Log;
  #operations: OperationHandlers;
  /** The servers that follow presence; one of an earlier version has no name. */
  #followers = new Map<ServerResponse, string | undefined>();

  constructor(handlers: ControlHandlers, log: Log) {
    this.#handlers = handlers;
    this.#log = log;
    this.#operations = {
      ...handlers,
      shutdown: ({ unlessFollowedBesides }) => this.#shutDown(unlessFollowedBesides),
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
    if (!isOperation(name)) throw new AppError("NOT_FOUND", "No such operation.");
    sendJson(response, 200, (await this.#run(name, await readJson(request))) ?? {});
  }

  #run<Name extends OperationName>(name: Name, body: unknown) {
    const schema: z.ZodType<unknown> = operations[name].request;
    return this.#operations[name](parse(schema, body) as RequestOf<Name>);
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

const isOperation = (name: string): name is OperationName => Object.hasOwn(operations, name);

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
