import { ApiError, type ApiErrorCode, type ApiErrorMetadata } from "../api/apiError.ts";

/** A refusal as a person reads it. */
export interface Refusal {
  text: string;
  /** When asking again can succeed, ms from now. */
  retryAfterMs?: number;
}

type Wording = string | ((metadata: ApiErrorMetadata, message: string) => string);

export const freePlanWords =
  "This meeting was made on the free plan and stays on it, and free meetings cannot be recorded. Recording needs a paid plan: ask whoever runs this server for one, then make a new meeting.";

/** What the server says of why (`metadata.reason`): the closest word there is, so it is looked up first. */
const byReason: Readonly<Record<string, Wording>> = {
  paid_tier_required: freePlanWords,
  recording_not_permitted: "This meeting was set up without recording, so nobody can record it.",
  quota_exceeded:
    "Your organisation's space for recordings is used up. Delete recordings that are no longer needed, then try again.",
  disk_reserve:
    "The server's disk is nearly full, so nothing can be recorded. Whoever runs the server has to make room.",
  room_not_open: "The meeting's room is still being opened. Try again in a moment.",
  pause_unsupported:
    "This server's video service cannot pause a recording. You can stop it instead.",
  not_sealed: "The recording is still being closed. It can be played in a moment.",
  restoring: "What was recorded is being fetched from storage. It can be played in a moment.",
  restore_failed:
    "What was recorded could not be fetched from storage. Try again later, or tell whoever runs the server.",
  no_media: "Nothing was heard or seen in this recording, so there is nothing to make a video of.",
  deleted: "This recording has been deleted.",
  sign_in_not_here:
    "Signing in by name works on the server's own machine only. From elsewhere the server needs an issuer of tokens; ask whoever runs it.",
  already_participant: "This person is in the meeting already.",
  meeting_full: ({ limit }) =>
    typeof limit === "number"
      ? `The meeting is full: it takes ${limit} people.`
      : "The meeting is full.",
  last_host: "A meeting needs a host: the last one cannot be removed.",
  no_organization:
    "This belongs to an organisation, and you are signed in without one. Sign in as a member of one.",
  too_many_endpoints: ({ limit }) =>
    `Your organisation has ${limit} endpoints, and that is the most. Delete one that is no longer needed, then try again.`,
  // Why a webhook's endpoint is off.
  gone: "The endpoint is off, because its receiver wants nothing any more. Switch it on first.",
  admin: "The endpoint is off. Switch it on first.",
  meeting_scheduled: "The meeting has not started yet.",
  meeting_active: "The meeting is running already.",
  meeting_concluded: "The meeting has ended.",
  meeting_cancelled: "The meeting was cancelled.",
};

/** What is limited (`metadata.action` of RATE_LIMIT_EXCEEDED). */
const byLimitedAction: Readonly<Record<string, Wording>> = {
  recording_start: ({ limit }) =>
    `You have started ${limit} recordings within a minute, and that is the most.`,
  recording_stop: "You have asked to stop many times within a minute.",
};

const byMeetingState: Readonly<Record<string, string>> = {
  scheduled: "The meeting has not started yet. A host has to start it first.",
  concluded: "The meeting has ended.",
  cancelled: "The meeting was cancelled.",
};

const byCode: Readonly<Record<ApiErrorCode, Wording>> = {
  UNAUTHORIZED: "You are not signed in any more. Sign in and try again.",
  FORBIDDEN: "You may not do this.",
  INSUFFICIENT_PERMISSIONS: ({ requiredRole }) =>
    requiredRole === "admin"
      ? "This is for the administrators of your organisation. Ask one of them."
      : "Only a host of this meeting can do this.",
  NOT_FOUND: "There is no such thing here, or it is not for you. Ask whoever sent you the link.",
  VALIDATION_ERROR: (_, message) => sentence(message),
  MEETING_NOT_ACTIVE: ({ state }) => byMeetingState[String(state)] ?? "The meeting is not running.",
  CONFLICT: (metadata, message) => conflict(metadata, message),
  RATE_LIMIT_EXCEEDED: (metadata, message) =>
    worded(byLimitedAction[String(metadata["action"])], metadata, message) ??
    "That was too often in too short a time.",
  STREAM_ERROR:
    "The video service does not answer as it should. Nothing was changed; try again in a moment.",
  EXTERNAL_SERVICE_TIMEOUT: ({ breaker }) =>
    breaker === "open"
      ? "The video service is away. The server tries to reach it again by itself."
      : "The video service has not confirmed yet. It may still happen: this page shows it when it does.",
  INTERNAL_ERROR:
    "Something went wrong on the server. Try again; if it stays so, tell whoever runs it.",
  UNAVAILABLE: "The server is there, but cannot work right now. This page keeps trying.",
  OFFLINE: "The server cannot be reached. This page keeps trying.",
};

/** Any failure of a call, in words: what is the matter, and what to do. */
export function explain(error: unknown): Refusal {
  if (!(error instanceof ApiError))
    return { text: "Something went wrong in this page. Reload it and try again." };
  const { code, message, metadata } = error;
  const text =
    worded(byReason[String(metadata["reason"])], metadata, message) ??
    worded(byCode[code], metadata, message) ??
    sentence(message);
  const { retryAfterMs } = metadata;
  return typeof retryAfterMs === "number" ? { text, retryAfterMs } : { text };
}

/** Another way to be told: seconds left until it can be tried again; 0 = now. */
export function retryWords(secondsLeft: number): string {
  if (secondsLeft <= 0) return "You can try again now.";
  return `You can try again in ${secondsLeft} ${secondsLeft === 1 ? "second" : "seconds"}.`;
}

function conflict({ startedBy, state, retryAfterMs }: ApiErrorMetadata, message: string): string {
  if (startedBy !== undefined)
    return "The meeting is being recorded already. That recording has to be stopped before another starts.";
  if (state === "stopping" || retryAfterMs !== undefined)
    return "The last recording is still being closed. Try again in a moment.";
  return sentence(message);
}

function worded(
  wording: Wording | undefined,
  metadata: ApiErrorMetadata,
  message: string,
): string | undefined {
  return typeof wording === "function" ? wording(metadata, message) : wording;
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** What is wrong with one field of a form; undefined when the failure is about something else. */
export function fieldError(error: unknown, field: string): string | undefined {
  return error instanceof ApiError && error.metadata["field"] === field
    ? explain(error).text
    : undefined;
}
