import { AppError } from "../../core/errors.ts";

/** The one call type used; its grants and defaults are set in Stream's dashboard. */
export const callType = "default";

const callIdPattern = /^[A-Za-z0-9_-]{1,64}$/;
const userIdPattern = /^[A-Za-z0-9@_-]{1,255}$/;

/**
 * The SDK puts ids into paths as they are, so a hostile id would aim our server token at any Stream endpoint.
 * Nothing leaves here that is not on the allow-list.
 * @throws AppError VALIDATION_ERROR with `metadata.field`
 */
export function requireCallId(roomId: string): string {
  return requireMatch("roomId", roomId, callIdPattern);
}

/** A user id as Stream allows it. @throws AppError VALIDATION_ERROR with `metadata.field` */
export function requireUserId(userId: string): string {
  return requireMatch("userId", userId, userIdPattern);
}

export function callCid(callId: string): string {
  return `${callType}:${callId}`;
}

/**
 * Encodes what Stream itself named (a session, a file) for use as exactly one path segment.
 * @throws AppError VALIDATION_ERROR for what would be none
 */
export function pathSegment(value: string): string {
  if (value === "" || value === "." || value === "..") throw notAllowed("path");
  return encodeURIComponent(value);
}

function requireMatch(field: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value)) throw notAllowed(field);
  return value;
}

function notAllowed(field: string): AppError {
  return new AppError("VALIDATION_ERROR", `The ${field} is not allowed by the video provider`, {
    field,
  });
}
