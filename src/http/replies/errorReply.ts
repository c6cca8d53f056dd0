import type { FastifyReply } from "fastify";
import { AuthError } from "../../auth/authError.ts";
import { isAppError } from "../../core/errors.ts";
import { DatabaseUnavailableError } from "../../db/port.ts";
import { RequestError } from "./requestError.ts";

/** An error as HTTP tells it. */
export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** What a caller hears of a fault of ours: nothing but that it is ours. */
export const internalErrorBody = Object.freeze({
  code: "InternalServerError",
  message: "Your request couldn't be completed. Try again later.",
});

const broken: ErrorReply = { status: 500, headers: {}, body: internalErrorBody };

/**
 * The one table from errors to HTTP, for everything but the outcome of functions. An error of no known
 * kind is a 500 without any of its text.
 */
export function errorReply(error: unknown): ErrorReply {
  if (error instanceof RequestError)
    return { status: error.statusCode, headers: error.headers, body: codeAndMessage(error) };
  if (error instanceof AuthError)
    return {
      status: error.httpStatus,
      headers: retryAfter(error.retryAfterMs),
      body: error.toBody(),
    };
  if (isAppError(error)) {
    if (error.blame === "us") return broken;
    const hint = error.metadata?.["retryAfterMs"];
    return {
      status: error.statusCode,
      headers: retryAfter(typeof hint === "number" ? hint : undefined),
      body: error.toData(),
    };
  }
  if (error instanceof DatabaseUnavailableError)
    return unavailableReply(
      "DatabaseUnavailable",
      "The database is not available. Try again later.",
      1000,
    );
  return frameworkReply(error) ?? broken;
}

/** Writes an error down as `errorReply` translates it. */
export function writeError(
  reply: FastifyReply,
  { status, headers, body }: ErrorReply,
): FastifyReply {
  if (status === 401) reply.header("www-authenticate", "Bearer");
  return reply
    .code(status)
    .headers(headers)
    .header("content-type", "application/json; charset=utf-8")
    .send(JSON.stringify(body));
}

/** HTTP 503 with a hint when to come back. */
export function unavailableReply(code: string, message: string, retryAfterMs: number): ErrorReply {
  return { status: 503, headers: retryAfter(retryAfterMs), body: { code, message } };
}

/** `Retry-After` counts whole seconds. */
function retryAfter(ms: number | undefined): Record<string, string> {
  return ms === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(ms / 1000))) };
}

const frameworkCodes: Readonly<Record<number, string>> = {
  400: "BadRequest",
  404: "NotFound",
  408: "RequestTimeout",
  413: "BodyTooLarge",
  414: "UriTooLong",
  415: "UnsupportedMediaType",
  416: "RangeNotSatisfiable",
};

/** What the framework itself refuses: its texts describe the request, not the server. */
function frameworkReply(error: unknown): ErrorReply | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  const { statusCode } = error;
  if (typeof statusCode !== "number" || statusCode < 400 || statusCode > 499) return undefined;
  const code = frameworkCodes[statusCode] ?? "BadRequest";
  return { status: statusCode, headers: {}, body: { code, message: error.message } };
}

function codeAndMessage({ code, message }: RequestError): object {
  return { code, message };
}
