import { AppError, type ErrorMetadata } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { displayProblem } from "../core/text/displayText.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { folded } from "./folded.ts";
import { shortestMeetingMs, type Weights } from "./match.ts";

/** What somebody wants to talk about, in which role, and with whom. */
export interface Constraints {
  interests: string[];
  roles: string[];
  orgConstraints?: string | undefined;
}

/** When somebody is free, epoch ms, and for what. */
export interface EntryRequest {
  availableFrom: number;
  availableTo: number;
  constraints: Constraints;
}

/** Constraints as they are stored. */
export interface CheckedConstraints {
  interests: string[];
  roles: string[];
  isOwnOrgOnly: boolean;
}

const mostInterests = 20;
const mostRoles = 5;
const longestWord = 64;
const longestComment = 1_000;
/** "Now" arrives a little late, ms. */
const graceMs = 60_000;
const farthestMs = 30 * 86_400_000;
const heaviest = 1_000;

const anybody = ["", "any", "anybody", "none", "all"];
const sameOrganisation = ["same", "same org", "same organization", "same organisation", "own"];

/** Whether a wish to wait can come true. Refusals are VALIDATION_ERROR with `field`. */
export function checkEntry(
  { availableFrom, availableTo, constraints }: EntryRequest,
  { now, orgId }: { now: number; orgId: string | undefined },
): Result<CheckedConstraints> {
  const last = now + farthestMs;
  // What is no time is refused like any number that is none.
  for (const [field, at] of Object.entries({ availableFrom, availableTo })) {
    const whole = wholeNumber(field, at, { max: 8.64e15 });
    if (!whole.ok) return whole;
    if (at > last) return invalid(field, `${field} is at most 30 days ahead`);
  }
  if (availableFrom < now - graceMs)
    return invalid("availableFrom", "availableFrom must not be in the past");
  if (availableTo <= now) return invalid("availableTo", "availableTo must be in the future");
  if (availableTo - Math.max(availableFrom, now) < shortestMeetingMs - graceMs) {
    const minutes = shortestMeetingMs / 60_000;
    const message = `availableTo must be ${minutes} minutes or more after availableFrom, for a meeting`;
    return invalid("availableTo", message, { limit: shortestMeetingMs });
  }
  return checkConstraints("constraints", constraints, orgId);
}

/** Refusals are VALIDATION_ERROR with `field`, and `limit` where there is one. */
export function checkConstraints(
  field: string,
  { interests, roles, orgConstraints }: Constraints,
  orgId: string | undefined,
): Result<CheckedConstraints> {
  const checkedInterests = checkWords(`${field}.interests`, interests, mostInterests);
  if (!checkedInterests.ok) return checkedInterests;
  const checkedRoles = checkWords(`${field}.roles`, roles, mostRoles);
  if (!checkedRoles.ok) return checkedRoles;
  const isOwnOrgOnly = checkOrg(`${field}.orgConstraints`, orgConstraints, orgId);
  if (!isOwnOrgOnly.ok) return isOwnOrgOnly;
  return ok({
    interests: checkedInterests.value,
    roles: checkedRoles.value,
    isOwnOrgOnly: isOwnOrgOnly.value,
  });
}

function checkWords(field: string, given: readonly string[], most: number): Result<string[]> {
  if (given.length === 0) return invalid(field, `${field} must name at least one`);
  if (given.length > most)
    return invalid(field, `${field} may name ${most} at most`, { limit: most });
  const unique = new Map<string, string>();
  for (const word of given) {
    const trimmed = word.trim();
    const problem = trimmed.length > longestWord ? "is too long" : displayProblem(trimmed);
    if (problem !== undefined)
      return invalid(field, `What ${field} names ${problem}`, { limit: longestWord });
    unique.set(folded(trimmed), trimmed);
  }
  return ok([...unique.values()]);
}

function checkOrg(
  field: string,
  wish: string | undefined,
  orgId: string | undefined,
): Result<boolean> {
  const asked = folded(wish ?? "");
  if (anybody.includes(asked)) return ok(false);
  if (!sameOrganisation.includes(asked) && wish !== orgId)
    return invalid(field, `${field} must be "any", or "same" for your own organisation`);
  return orgId === undefined
    ? invalid(field, "Your sign-in names no organisation", { reason: "no_organization" })
    : ok(true);
}

/** A mark and a remark about a match. Refusals are VALIDATION_ERROR with `field`. */
export function checkRemark({
  rating,
  comments,
}: {
  rating: number;
  comments?: string | undefined;
}): Result<{ rating: number; comments: string | null }> {
  const whole = wholeNumber("feedback.rating", rating, { max: 5 });
  if (!whole.ok) return whole;
  const text = comments?.trim() ?? "";
  if (text.length > longestComment)
    return invalid(
      "feedback.comments",
      `feedback.comments may have ${longestComment} characters at most`,
      {
        limit: longestComment,
      },
    );
  const problem = text === "" ? undefined : displayProblem(text, { lines: true });
  if (problem !== undefined) return invalid("feedback.comments", `feedback.comments ${problem}`);
  return ok({ rating, comments: text === "" ? null : text });
}

/** A share from 0 to 1. Refusals are VALIDATION_ERROR with `field`. */
export function share(field: string, value: number): Result<number> {
  return value >= 0 && value <= 1 && !Object.is(value, -0)
    ? ok(value)
    : invalid(field, `${field} must be a number from 0 to 1`);
}

/** Weights that somebody tries. Refusals are VALIDATION_ERROR with `field`. */
export function checkWeights(field: string, weights: Weights): Result<Weights> {
  const values = Object.values(weights);
  if (!values.every((value) => value >= 0 && value <= heaviest))
    return invalid(field, `${field} must be numbers from 0 to ${heaviest}`);
  return values.some((value) => value > 0) ? ok(weights) : invalid(field, `${field} are all 0`);
}

function invalid(field: string, message: string, metadata: ErrorMetadata = {}): Result<never> {
  return refuse(new AppError("VALIDATION_ERROR", message, { field, ...metadata }));
}
