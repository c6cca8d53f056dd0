import { AppError } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { IceCandidate, SessionDescription } from "./peer.ts";
import { invalid } from "./sessionRules.ts";

/** A signal that nobody has fetched after this long is about a connection that has been given up, ms. */
export const signalLifeMs = 120_000;

/** What may be on its way in any `signalLifeMs`, processed or not: four people who all restart every few seconds stay below. */
export const signalLimits = {
  sender: { signals: 1_000, bytes: 2 * 2 ** 20 },
  meeting: { signals: 3_000, bytes: 6 * 2 ** 20 },
} as const;

/** One answer of getPendingSignals, and one call of markSignalsProcessed. */
export const signalsPerPage = 50;
export const maxMarkedSignals = 200;

const maxSdpBytes = 64 * 1024;
const maxCandidateLength = 1_024;
/** RFC 8839 gives a username fragment 256 characters, RFC 5888 leaves `mid` open. */
const maxTokenLength = 256;
const maxLineIndex = 1_023;

/** Refusals are VALIDATION_ERROR with `field`, and `limit` where there is one. */
export function checkDescription(description: SessionDescription): Result<SessionDescription> {
  const { type, sdp } = description;
  if (Buffer.byteLength(sdp) > maxSdpBytes) {
    const message = `description.sdp may have ${maxSdpBytes} bytes at most`;
    return invalid("description.sdp", message, { limit: maxSdpBytes });
  }
  // A rollback takes back an offer, and carries nothing.
  if (type !== "rollback" && !sdp.startsWith("v=0"))
    return invalid("description.sdp", "description.sdp must be a session description (v=0 …)");
  return ok(description);
}

/** Refusals are VALIDATION_ERROR with `field`, and `limit` where there is one. */
export function checkCandidate(candidate: IceCandidate): Result<IceCandidate> {
  const { sdpMLineIndex } = candidate;
  const texts = [
    ["candidate", maxCandidateLength],
    ["sdpMid", maxTokenLength],
    ["usernameFragment", maxTokenLength],
  ] as const;
  for (const [name, limit] of texts) {
    const text = candidate[name] ?? "";
    const field = `candidate.${name}`;
    if (text.length > limit)
      return invalid(field, `${field} may have ${limit} characters at most`, { limit });
  }
  if (sdpMLineIndex !== undefined) {
    const bounds = { min: 0, max: maxLineIndex };
    const index = wholeNumber("candidate.sdpMLineIndex", sdpMLineIndex, bounds);
    if (!index.ok) return index;
  }
  return ok(candidate);
}

/** What is stored of a meeting's signals of the last `signalLifeMs`. */
export interface Backlog {
  senderSignals: number;
  senderBytes: number;
  meetingSignals: number;
  meetingBytes: number;
  /** Until the oldest of them runs out, ms; 0 where there are none. */
  oldestLeftMs: number;
}

/** Whether so many signals of that size more may be stored. Refusals are RATE_LIMIT_EXCEEDED with `retryAfterMs`. */
export function mayStore(backlog: Backlog, signals: number, bytes: number): Result<void> {
  const { sender, meeting } = signalLimits;
  const isFull =
    backlog.senderSignals + signals > sender.signals ||
    backlog.senderBytes + bytes > sender.bytes ||
    backlog.meetingSignals + signals > meeting.signals ||
    backlog.meetingBytes + bytes > meeting.bytes;
  if (!isFull) return ok(undefined);
  return refuse(
    new AppError("RATE_LIMIT_EXCEEDED", "Too many signals in too short a time", {
      action: "webrtc_signals",
      limit: sender.signals,
      retryAfterMs: Math.max(1, Math.ceil(backlog.oldestLeftMs)),
    }),
  );
}
