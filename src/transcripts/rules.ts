import { createHash } from "node:crypto";
import type { Participant } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import type { NewLine } from "./line.ts";

/** What a client sends. */
export interface Chunk {
  text: string;
  confidence: number;
  /** Epoch ms, or ms since the meeting began. */
  startTime: number;
  endTime: number;
  speakerId?: string | undefined;
  language?: string | undefined;
  isInterim?: boolean | undefined;
  /** What the client calls the times, for refusals. */
  timeFields?: readonly [string, string];
}

/** The running meeting it was said in, and the time. */
export interface Circumstances {
  /** Epoch ms. */
  startedAt: number;
  now: number;
}

/** Chunks a person may send. */
export const ingestLimit = {
  action: "transcriptIngestion",
  calls: 50,
  windowMs: 60_000,
} as const;

/** Lines and guesses that clients may send to a meeting: a day of talk without a pause. */
export const maxLines = 50_000;
/**
 * How many of them one person may send: half of what all others have left, so there is always room for one more.
 * `lines`: of all, `own` among them.
 */
export function shareOf({ lines, own }: { lines: number; own: number }): number {
  return Math.ceil((maxLines - (lines - own)) / 2);
}

/** Lines of a meeting, those that were heard with them: whoever sends many keeps nobody from being heard. */
export const maxHeardLines = 2 * maxLines;

/** Corrections a person may make. */
export const correctionLimit = {
  action: "transcriptCorrection",
  calls: 60,
  windowMs: 60_000,
} as const;
/** Of one line: each is kept. */
export const mostCorrections = 20;

const longestText = 10_000;
/** Nobody says so much in one go, ms. */
const longestLineMs = 600_000;
/** Clocks of clients may be off by that much, ms. */
const skewMs = 60_000;
/** What is smaller counts from the beginning of the meeting: as epoch ms it would be 1973. */
const smallestEpochMs = 100_000_000_000;

const invalid = (field: string, message: string, more: Record<string, number> = {}) =>
  refuse(new AppError("VALIDATION_ERROR", message, { field, ...more }));

/**
 * A chunk as a line, on the one time base of all lines: epoch ms, whole.
 * Refusals: VALIDATION_ERROR with `field`; FORBIDDEN for words in somebody else's mouth
 */
export function lineOf(
  chunk: Chunk,
  author: Pick<Participant, "userId">,
  around: Circumstances,
): Result<NewLine> {
  const { confidence, speakerId = null, isInterim = false } = chunk;
  const text = textOf(chunk.text);
  if (!text.ok) return text;
  if (!(confidence >= 0 && confidence <= 1))
    return invalid("confidence", "confidence must be from 0 to 1");
  if (speakerId !== null && speakerId !== author.userId)
    return refuse(
      new AppError("FORBIDDEN", "Only what you say yourself can be sent with a speaker"),
    );
  const language = languageOf(chunk.language ?? "en");
  if (!language.ok) return language;
  const times = timesOf(chunk, around);
  if (!times.ok) return times;
  const line = {
    ...{ text: text.value, confidence, speakerId, isInterim, authorId: author.userId },
    ...{ language: language.value, ...times.value },
  };
  return ok({ ...line, sourceKey: keyOf(line) });
}

/** The text of a line, without the spaces around it. Refusals: VALIDATION_ERROR */
export function textOf(sent: string): Result<string> {
  const text = sent.trim();
  if (text.length === 0) return invalid("text", "text must not be empty");
  if (text.length > longestText)
    return invalid("text", `text must have ${longestText} characters at most`, {
      limit: longestText,
    });
  return ok(text);
}

function timesOf(
  { startTime, endTime, timeFields = ["startTime", "endTime"] }: Chunk,
  { startedAt, now }: Circumstances,
): Result<Pick<NewLine, "startMs" | "endMs">> {
  const [startField, endField] = timeFields;
  const base = startTime < smallestEpochMs ? startedAt : 0;
  const startMs = Math.round(base + startTime);
  const endMs = Math.max(startMs + 1, Math.round(base + endTime));
  const isIn = (ms: number) => ms >= startedAt - skewMs && ms <= now + skewMs;
  if (!(startTime >= 0 && isIn(startMs)))
    return invalid(startField, `${startField} must lie in the meeting, which still runs`);
  if (!(endTime > startTime && isIn(endMs)))
    return invalid(endField, `${endField} must be later than ${startField}, and not to come yet`);
  if (endMs - startMs > longestLineMs)
    return invalid(endField, `${endField}: a chunk lasts ten minutes at most`, {
      limit: longestLineMs,
    });
  return ok({ startMs, endMs });
}

/** A language tag (BCP 47) in its usual form. */
function languageOf(tag: string): Result<string> {
  try {
    const [language] = tag.length <= 35 ? Intl.getCanonicalLocales(tag) : [];
    if (language !== undefined) return ok(language);
  } catch {
    // Told below.
  }
  return invalid("language", 'language must be a tag like "en" or "pt-BR"');
}

function keyOf({ authorId, speakerId, startMs, endMs, text }: Omit<NewLine, "sourceKey">): string {
  const parts = JSON.stringify([authorId, speakerId, startMs, endMs, text]);
  return createHash("sha256").update(parts).digest("base64url");
}

/** Whose words somebody may change or delete: their own, a host everybody's. Refusals: FORBIDDEN */
export function mayActFor(
  actor: Pick<Participant, "userId" | "role">,
  speakerId: string | null,
): Result<void> {
  if (actor.role === "host" || speakerId === actor.userId) return ok(undefined);
  return refuse(
    new AppError("FORBIDDEN", "Only a host may change or delete what others have said"),
  );
}

/** Words as people count them. */
export function countWords(text: string): number {
  return text.trim().split(/\s+/u).length;
}
