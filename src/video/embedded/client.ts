import { randomUUID } from "node:crypto";
import { Agent, request as httpRequest } from "node:http";
import type { Clock } from "../../core/clock.ts";
import { AppError, type ErrorData, errorKinds } from "../../core/errors.ts";
import type { AnswerOf, OperationName, RequestOf } from "../../rooms/contract/operations.ts";
import { followerHeader, type PresenceLine } from "../../rooms/contract/protocol.ts";

/** Nobody listens, or the connection broke before an answer. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("the room process cannot be reached", { cause });
    this.name = "Unreachable";
  }
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** How long one answer may take, ms. */
  timeoutMs?: number;
  /** How long a process that is away is waited for, ms. */
  patienceMs?: number;
}

const defaultTimeoutMs = 4000;
const defaultPatienceMs = 1500;
const retryMs = 25;
/** The stream pings every 2 s; a process that misses three is stuck. */
const silentMs = 6500;

/** Talks to the room process over its socket. */
export class ControlClient {
  #socketPath: string;
  #clock: Clock;
  #agent = new Agent({ keepAlive: true, maxFreeSockets: 4 });
  /** Tells this server from others that follow the same room process. */
  readonly name = randomUUID();

  constructor(socketPath: string, clock: Clock) {
    this.#socketPath = socketPath;
    this.#clock = clock;
  }

  /**
   * Calls an operation. A process that is away is waited for; all operations may be repeated, so a broken
   * connection is tried again.
   * @throws AppError of a refusal, or EXTERNAL_SERVICE_TIMEOUT without an answer in time; Unreachable; the signal's reason
   */
  async call<Name extends OperationName>(
    operation: Name,
    body: RequestOf<Name>,
    options: CallOptions = {},
  ): Promise<AnswerOf<Name>> {
    const deadline = this.#clock.now() + (options.patienceMs ?? defaultPatienceMs);
    for (;;) {
      try {
        return await this.#once<AnswerOf<Name>>(operation, body, options);
      } catch (error) {
        if (!(error instanceof Unreachable) || this.#clock.now() >= deadline) throw error;
        await this.#clock.sleep(retryMs, options.signal);
        options.signal?.throwIfAborted();
      }
    }
  }

  /** Follows who joins and leaves; resolves when the stream ends or falls silent. */
  async follow(onLine: (line: PresenceLine) => void, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const request = httpRequest(
        {
          socketPath: this.#socketPath,
          path: "/presence",
          headers: { [followerHeader]: this.name },
          signal,
        },
        (response) => {
          response.setTimeout(silentMs, () => request.destroy());
          response.setEncoding("utf8");
          response.on(
            "data",
            splitLines((line) => onLine(JSON.parse(line) as PresenceLine)),
          );
          response.on("error", () => resolve());
          response.on("close", resolve);
        },
      );
      request.on("error", () => resolve());
      request.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #once<T>(operation: string, body: object, options: CallOptions): Promise<T> {
    options.signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    try {
      const { status, text } = await this.#send(operation, JSON.stringify(body), signal);
      return read<T>(status, text);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof AppError) throw error;
      throw timeout.aborted ? timedOut(operation, error) : new Unreachable(error);
    }
  }

  #send(
    operation: string,
    body: string,
    signal: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      };
      const target = { socketPath: this.#socketPath, path: `/${operation}`, agent: this.#agent };
      const request = httpRequest({ ...target, method: "POST", headers, signal }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString("utf8"),
          }),
        );
      });
      request.on("error", reject);
      request.end(body);
    });
  }
}

/** Calls back with every complete line: a process that dies may leave half of one. */
function splitLines(onLine: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
}

function timedOut(operation: string, cause: unknown): AppError {
  return new AppError(
    "EXTERNAL_SERVICE_TIMEOUT",
    "The room process did not answer in time.",
    { operation },
    cause,
  );
}

function read<T>(status: number, text: string): T {
  const body = JSON.parse(text) as T & { error?: ErrorData };
  if (status === 200) return body;
  const { error } = body;
  if (!error || !Object.hasOwn(errorKinds, error.code))
    throw new Error(`unexpected answer ${status}`);
  throw new AppError(error.code, error.message, error.metadata);
}
