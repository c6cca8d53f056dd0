import type { Plan } from "../../auth/identity.ts";
import { AppError, type ErrorMetadata } from "../../core/errors.ts";
import { ok, type Result, refusalOf, refuse } from "../../core/result.ts";
import { displayProblem } from "../../core/text/displayText.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { MeetingType } from "../meeting.ts";

/** What an organiser asks for. Times are epoch ms, durations ms. */
export interface MeetingRequest {
  title: string;
  description?: string | undefined;
  meetingType?: MeetingType | undefined;
  scheduledAt?: number | undefined;
  duration?: number | undefined;
  maxParticipants?: number | undefined;
  recordingEnabled?: boolean | undefined;
  transcriptionEnabled?: boolean | undefined;
  participantEmails?: string[] | undefined;
}

/** What an organiser gets. */
export interface MeetingDraft {
  title: string;
  description: string | null;
  meetingType: MeetingType | null;
  scheduledAt: number | null;
  durationMs: number;
  tier: Plan;
  recordingPermitted: boolean;
  transcriptionEnabled: boolean;
  maxParticipants: number;
  /** Lower case, without repeats. */
  emails: string[];
}

/** What the answer to a request depends on beside the request. */
export interface DraftFacts {
  tier: Plan;
  /** People the video provider takes into one room. */
  roomLimit: number;
  /** Epoch ms. */
  now: number;
}

/** Peer to peer, everybody sends to everybody: beyond four, uplinks give out. */
const freeRoomLimit = 4;

const defaultParticipants = 10;
const defaultDurationMs = 1_800_000;
const maxTitleLength = 200;
const maxDescriptionLength = 5_000;
const maxEmails = 1_000;

/** A meeting scheduled for "now" arrives a little late, ms. */
const scheduleGraceMs = 60_000;
/** The last moment JavaScript can name, epoch ms. */
const endOfTime = 8.64e15;

/**
 * Decides about a request for a meeting and fills the defaults: 30 minutes, 10 people or as many as fit,
 * recording permitted on the paid tier. Refusals are VALIDATION_ERROR with `field`.
 */
export function draftMeeting(request: MeetingRequest, facts: DraftFacts): Result<MeetingDraft> {
  const limit = facts.tier === "paid" ? facts.roomLimit : freeRoomLimit;
  const durationMs = request.duration ?? defaultDurationMs;
  const maxParticipants = request.maxParticipants ?? Math.min(defaultParticipants, limit);
  const refusal =
    checkText(request) ??
    checkSchedule(request.scheduledAt, facts.now) ??
    checkDuration(durationMs) ??
    checkCap(maxParticipants, limit) ??
    checkEmails(request.participantEmails);
  if (refusal) return refuse(refusal);
  return ok({
    title: request.title.trim(),
    description: request.description ?? null,
    meetingType: request.meetingType ?? null,
    scheduledAt: request.scheduledAt ?? null,
    durationMs,
    tier: facts.tier,
    recordingPermitted: facts.tier === "paid" && request.recordingEnabled !== false,
    transcriptionEnabled: request.transcriptionEnabled ?? true,
    maxParticipants,
    emails: distinctEmails(request.participantEmails ?? []),
  });
}

function checkText({ title, description }: MeetingRequest): AppError | undefined {
  const trimmed = title.trim();
  if (trimmed.length > maxTitleLength) {
    const message = `The title may have ${maxTitleLength} characters at most`;
    return invalid("title", message, { limit: maxTitleLength });
  }
  const problem = displayProblem(trimmed);
  if (problem !== undefined) return invalid("title", `The title ${problem}`);
  return description === undefined ? undefined : checkDescription(description);
}

function checkDescription(description: string): AppError | undefined {
  if (description.length > maxDescriptionLength) {
    const message = `The description may have ${maxDescriptionLength} characters at most`;
    return invalid("description", message, { limit: maxDescriptionLength });
  }
  const problem =
    description.trim() === "" ? undefined : displayProblem(description, { lines: true });
  return problem === undefined ? undefined : invalid("description", `The description ${problem}`);
}

function checkSchedule(scheduledAt: number | undefined, now: number): AppError | undefined {
  if (scheduledAt === undefined) return undefined;
  if (!(scheduledAt >= 0 && scheduledAt <= endOfTime))
    return invalid("scheduledAt", "scheduledAt must be a time in epoch milliseconds");
  return scheduledAt < now - scheduleGraceMs
    ? invalid("scheduledAt", "scheduledAt must not be in the past")
    : undefined;
}

function checkDuration(durationMs: number): AppError | undefined {
  return refusalOf(wholeNumber("duration", durationMs));
}

function checkCap(maxParticipants: number, limit: number): AppError | undefined {
  const refusal = refusalOf(wholeNumber("maxParticipants", maxParticipants));
  if (refusal) return refusal;
  return maxParticipants > limit
    ? invalid("maxParticipants", `A meeting of this tier takes ${limit} people at most`, { limit })
    : undefined;
}

function checkEmails(emails: readonly string[] = []): AppError | undefined {
  if (emails.length <= maxEmails) return undefined;
  const message = `At most ${maxEmails} addresses can be given`;
  return invalid("participantEmails", message, { limit: maxEmails });
}

/** What cannot be an address is known to nobody, and left out. */
function distinctEmails(emails: readonly string[]): string[] {
  const clean = emails.map((email) => email.trim().toLowerCase());
  return [...new Set(clean)].filter((email) => /^[^\s\p{Cc}@]+@[^\s\p{Cc}@]+$/u.test(email));
}

function invalid(field: string, message: string, metadata: ErrorMetadata = {}): AppError {
  return new AppError("VALIDATION_ERROR", message, { field, ...metadata });
}
