import type { Readable } from "node:stream";
import { Transform } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { RequestError } from "../replies/requestError.ts";
import type { BodyBudget } from "./bodyBudget.ts";
import { callerOf } from "./callers.ts";

/** What a route grants this request, once it knows who calls and what is called. */
export interface BodyAllowance {
  /** Longest body, bytes. */
  limit: number;
  /** What is thrown for a longer one. */
  refusal: unknown;
  /** Whose share of the memory it counts against; absent = that of the address it comes from. */
  share?: string;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Set before the body is read; absent = the route's own limit. */
    bodyAllowance?: BodyAllowance;
  }
}

/** Bodies announced as no longer than this are not counted: the limit of connections bounds them, bytes. */
const uncountedBytes = 16 * 1024;

/** Checks every body before it is in memory: its announced length at once, the rest while it arrives. */
export function guardBodies(app: FastifyInstance, budget: BodyBudget): void {
  app.decorateRequest("bodyAllowance");
  app.addHook("preParsing", (request, reply, payload, done) => {
    if (request.method === "GET" || request.method === "HEAD") return done(null, payload);
    const announced = announcedLength(request);
    const { bodyAllowance: allowed } = request;
    if (allowed !== undefined && announced > allowed.limit && Number.isFinite(announced))
      return done(asError(allowed.refusal));
    if (announced <= uncountedBytes) return done(null, payload);
    done(null, counted(request, reply, payload, budget));
  });
}

/** Infinite for a body in chunks, which announces nothing; 0 for none. */
function announcedLength({ headers }: FastifyRequest): number {
  if (headers["transfer-encoding"] !== undefined) return Number.POSITIVE_INFINITY;
  return Number(headers["content-length"] ?? 0);
}

/** The body, as long as it stays within its limits; what it holds is given back when the answer has been sent. */
function counted(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: Readable,
  budget: BodyBudget,
): Readable {
  const { bodyAllowance: allowed } = request;
  let length = 0;
  const held = budget.hold(allowed?.share ?? callerOf(request), (error) => meter.destroy(error));
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      if (allowed !== undefined && length > allowed.limit) return done(asError(allowed.refusal));
      held.take(chunk.length);
      done(null, chunk);
    },
  });
  request.raw.once("close", () => {
    if (!request.raw.complete) meter.destroy(aborted());
  });
  reply.raw.once("close", held.release);
  return payload.pipe(meter);
}

function asError(refusal: unknown): Error {
  return refusal instanceof Error ? refusal : new Error(String(refusal));
}

/** The answer to a body that is longer than it may be; `whose` follows the number. */
export function bodyTooLong(limit: number, whose = ""): RequestError {
  const message = `Failed to buffer the request body: length limit exceeded (at most ${limit} bytes${whose})`;
  return new RequestError(413, "BodyTooLarge", message);
}

function aborted(): RequestError {
  return new RequestError(400, "BadRequest", "The body ended before its announced length");
}

/**
 * Reads the rest of a refused body and throws it away: who still sends would lose the answer with the connection. The time a
 * request may take ends that too.
 */
export function discardBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.complete || raw.destroyed) return;
  raw.unpipe();
  raw.resume();
  reply.removeHeader("connection");
}
