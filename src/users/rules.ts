import type { UserIdentity } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { displayProblem } from "../core/text/displayText.ts";

/** What a client asks to store about a person. */
export interface ProfileRequest {
  workosUserId: string;
  email: string;
  displayName?: string | undefined;
  orgId?: string | undefined;
  orgRole?: string | undefined;
}

export interface Profile {
  email: string;
  /** Somebody vouches that it is theirs: their token, or an administrator. */
  emailVerified: boolean;
  /** Null leaves the stored name as it is. */
  displayName: string | null;
}

const maxEmailLength = 320;
const maxTextLength = 255;
const maxNameLength = 200;

/**
 * What a user may store about themselves: what their token proves wins over what they say. An address that they only claim
 * is kept and shown, and proves nothing; organisation, role and plan are never taken from arguments.
 * Refusals: FORBIDDEN (another's subject), VALIDATION_ERROR with `field`.
 */
export function ownProfile(identity: UserIdentity, request: ProfileRequest): Result<Profile> {
  if (request.workosUserId !== identity.subject) {
    return refuse(new AppError("FORBIDDEN", "You can store your own user only"));
  }
  const given = profileOf(request);
  if (!given.ok) return given;
  return ok({
    email: identity.email ?? given.value.email,
    emailVerified: identity.emailVerified === true,
    displayName: identity.name ?? given.value.displayName,
  });
}

/** What an administrator may store about anybody. Refusals: VALIDATION_ERROR with `field`. */
export function anyProfile(request: ProfileRequest): Result<Profile> {
  for (const field of ["workosUserId", "orgId", "orgRole"] as const) {
    const value = request[field];
    if (value !== undefined && !isText(value, maxTextLength)) {
      return invalid(field, `${field} must be 1 to ${maxTextLength} printable characters`);
    }
  }
  return profileOf(request);
}

function profileOf(request: ProfileRequest): Result<Profile> {
  const email = request.email.trim();
  if (!isText(email, maxEmailLength) || !/^[^\s@]+@[^\s@]+$/.test(email))
    return invalid("email", "email must be an e-mail address");
  const displayName = request.displayName?.trim() ?? null;
  if (displayName !== null && !isText(displayName, maxNameLength)) {
    return invalid("displayName", `displayName must be 1 to ${maxNameLength} printable characters`);
  }
  for (const [field, text] of [
    ["email", email],
    ["displayName", displayName],
  ] as const) {
    const problem = text === null ? undefined : displayProblem(text);
    if (problem !== undefined) return invalid(field, `${field} ${problem}`);
  }
  return ok({ email, emailVerified: true, displayName });
}

/** Whose plan is to be set: exactly one of a user and an organisation. */
export function planOwner(request: {
  userId?: string | undefined;
  orgId?: string | undefined;
}): Result<{ userId: string } | { orgId: string }> {
  const { userId, orgId } = request;
  const given = userId ?? orgId;
  if (given === undefined || (userId !== undefined && orgId !== undefined))
    return invalid("userId", "Give either userId or orgId");
  const field = userId === undefined ? "orgId" : "userId";
  if (!isText(given, maxTextLength))
    return invalid(field, `${field} must be 1 to ${maxTextLength} printable characters`);
  return ok(userId === undefined ? { orgId: given } : { userId: given });
}

/** Stored text: something, not too long, without control characters, which no list shows and no database takes. */
function isText(text: string, limit: number): boolean {
  return text.trim() !== "" && text.length <= limit && !/[\p{Cc}\p{Cs}]/u.test(text);
}

function invalid(field: string, message: string): Result<never> {
  return refuse(new AppError("VALIDATION_ERROR", message, { field }));
}
