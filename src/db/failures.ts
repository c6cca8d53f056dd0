import { errorCode } from "../core/errorCode.ts";
import { DatabaseUnavailableError } from "./errors.ts";

/** SQLSTATEs after which the same transaction may succeed when run again. */
const retryable = new Set(["40001", "40P01"]);

/** Classes and codes that say the server went away or takes no one: nothing is wrong with the statement. */
const unavailable = /^(08|57P0[1-4]|53300|25P03)/;

/** What `pg` raises, without a code, when the socket closes under a statement or no connection can be had. */
const brokenConnection =
  /^(Connection terminated|timeout exceeded|timeout expired|Client has encountered|Client was closed)/;

const systemCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOENT",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** Serialization failure or deadlock. */
export function isRetryable(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && retryable.has(code);
}

/** Whether the database was lost, as opposed to having refused a statement. */
export function isUnavailable(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== undefined) return unavailable.test(code) || systemCodes.has(code);
  return error instanceof Error && brokenConnection.test(error.message);
}

/** Whether the server takes no connections at the moment: it is starting, stopping or being restarted. */
export function isConnectionRefused(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ECONNREFUSED" || code === "ENOENT" || code === "57P03" || code === "53300";
}

/** The error as the rest of the house sees it: a lost database is a DatabaseUnavailableError, others unchanged. */
export function translate(error: unknown): unknown {
  if (error instanceof DatabaseUnavailableError || !isUnavailable(error)) return error;
  return new DatabaseUnavailableError("The database is not available", { cause: error });
}
