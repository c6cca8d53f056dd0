import type { IncomingMessage } from "node:http";
import type { Clock } from "../core/clock.ts";
import { retryAfterMs } from "./schedule.ts";
import { sign } from "./signature.ts";

/** Sends a request and resolves with the head of the answer; guarded, because others name the address. */
export type Send = (
  url: URL,
  request: { method: "POST"; headers: Record<string, string>; body: Buffer; signal: AbortSignal },
) => Promise<IncomingMessage>;

/** What is sent, and where. */
export interface Message {
  /** The same on every attempt, by which receivers tell repeats. */
  id: string;
  url: URL;
  body: string;
  /** Each signs: one, or two while receivers change over. */
  secrets: readonly string[];
}

export type Outcome =
  | { kind: "delivered"; status: number }
  /** The receiver wants no more, ever. */
  | { kind: "gone"; status: number }
  | { kind: "failed"; status?: number; error: string; retryAfterMs?: number };

interface AttemptOptions {
  send: Send;
  clock: Clock;
  /** All of it may take so long, ms. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** Read of an answer at most, bytes: only its status counts. */
const maxAnswerBytes = 64 * 1024;
const maxErrorLength = 200;

/**
 * Sends a message once. Nothing of the answer but its status and its wish to wait is kept.
 * @throws the reason of `signal` when it aborts before there is an answer: what became of it is not known
 */
export async function attempt(
  message: Message,
  { send, clock, timeoutMs, signal }: AttemptOptions,
): Promise<Outcome> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const request = {
    ...requestOf(message, clock.now()),
    signal: AbortSignal.any([signal, deadline]),
  };
  try {
    const answer = await send(message.url, request);
    await drain(answer);
    return outcomeOf(answer, clock.now());
  } catch (error) {
    signal.throwIfAborted();
    const late = `no answer within ${timeoutMs} ms`;
    return { kind: "failed", error: deadline.aborted ? late : wordsOf(error) };
  }
}

function requestOf({ id, body, secrets }: Message, now: number) {
  const timestamp = Math.floor(now / 1000);
  const bytes = Buffer.from(body);
  const headers = {
    "content-type": "application/json",
    "content-length": String(bytes.length),
    "user-agent": "Connvo-Webhooks",
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": sign({ id, timestamp, body }, secrets),
  };
  return { method: "POST" as const, headers, body: bytes };
}

function outcomeOf({ statusCode: status = 0, headers }: IncomingMessage, now: number): Outcome {
  if (status >= 200 && status < 300) return { kind: "delivered", status };
  if (status === 410) return { kind: "gone", status };
  const asked =
    status === 429 || status === 503 ? retryAfterMs(headers["retry-after"], now) : undefined;
  const error = `answered with ${status}`;
  return { kind: "failed", status, error, ...(asked === undefined ? {} : { retryAfterMs: asked }) };
}

/** Lets the receiver finish its answer; whatever becomes of it, its status has been said. */
async function drain(answer: IncomingMessage): Promise<void> {
  let bytes = 0;
  // An error of an answer that nobody reads any more must not end the process.
  answer.on("error", () => undefined);
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) break;
    }
  } catch {
    // Broken off, or too slow.
  } finally {
    answer.destroy();
  }
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, maxErrorLength);
}
