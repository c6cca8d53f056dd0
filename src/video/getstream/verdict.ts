import type { CallRecording } from "@stream-io/node-sdk";
import type { ProviderRecording } from "../port.ts";
import type { CallState } from "./callState.ts";
import { encode, type Trace } from "./trace.ts";

/** How far Stream's times may be off ours where the difference of the clocks is not known, and where it is, ms. */
export const clockSkewMs = 5_000;
const knownSkewMs = 2_000;
/** What is known of Stream's clock comes from dates in whole seconds, ms. */
const dateResolutionMs = 1_000;
/** An accepted start that shows nothing for that long, with people in the call, has failed; ms. */
export const startGraceMs = 120_000;
/** A start that was never answered and shows nothing for that long is none; ms. */
const unansweredGraceMs = 60_000;
/** Stream keeps files for two weeks; what is not listed by then is not coming, ms. */
export const retentionMs = 14 * 24 * 3_600_000;

export interface Verdict {
  answer: ProviderRecording;
  /** The trace with what was learnt. */
  trace: Trace;
}

/** What is known beside the call when it is judged. */
export interface Circumstances {
  /** Epoch ms, by our clock. */
  now: number;
  /** When Stream was asked for the call, epoch ms; looks overtake each other. */
  lookedAt?: number | undefined;
  /** How far Stream's clock is ahead of ours, ms. */
  aheadMs?: number | undefined;
  /** Files that belong to other recordings. */
  ofOthers?: readonly string[] | undefined;
  /** When the next recording of the call was asked for, epoch ms. */
  nextRequestedAt?: number | undefined;
}

/** What we call a file of Stream's: it has no id, but these two are unique in a call. */
export function fileName({ session_id, filename }: CallRecording): string {
  return `${session_id}/${filename}`;
}

/**
 * What became of a recording, from Stream's call, its list of finished files and what we know ourselves.
 * A call can be recorded again while the last file is still being made, so what runs now is ours only until ours was
 * once seen ended.
 */
export function judge(
  trace: Trace,
  call: CallState,
  files: readonly CallRecording[],
  around: Circumstances,
): Verdict {
  const running = runsNow(trace, call, around);
  const file = fileOf(trace, files, running, around);
  if (file) return sealed(trace, call, file, around);
  return running ? active(trace, call, around.now) : idle(trace, call, around);
}

/** Whether what runs in the call is this recording. */
export function runsNow(trace: Trace, call: CallState, around: Circumstances): boolean {
  if (isOutdated(trace, call, around)) return true;
  if (call.composite === "idle" || !sameSession(trace, call)) return false;
  return !isOver(trace) && !isSucceeded(trace, around);
}

/** It was seen to run after Stream had been asked for this: an end is believed to a newer look. */
function isOutdated(trace: Trace, call: CallState, { lookedAt }: Circumstances): boolean {
  const { runningAt, idleAt } = trace;
  if (lookedAt === undefined || runningAt === undefined || idleAt !== undefined) return false;
  return call.composite === "idle" && lookedAt < runningAt;
}

/** Never seen to run, and there is a next one since: what shows now is that one's. */
function isSucceeded({ runningAt }: Trace, { nextRequestedAt }: Circumstances): boolean {
  return runningAt === undefined && nextRequestedAt !== undefined;
}

/**
 * The finished file of this recording: composite, of the same session, nobody else's, begun between its start and its end —
 * unless a capture that already ran was taken over. While it runs, the clocks' difference is not allowed for,
 * because that would find the file of the one before.
 */
export function fileOf(
  trace: Trace,
  files: readonly CallRecording[],
  running: boolean,
  around: Circumstances,
): CallRecording | undefined {
  const { now, aheadMs, ofOthers = [], nextRequestedAt = now } = around;
  if (trace.file !== undefined) return files.find((file) => fileName(file) === trace.file);
  const { requestedAt, sessionId, takenOver, stopRequestedAt, idleAt } = trace;
  const skewMs = aheadMs === undefined ? clockSkewMs : knownSkewMs;
  const earliest = takenOver ? 0 : requestedAt - (running ? 0 : skewMs);
  const unsureMs = aheadMs === undefined ? 0 : dateResolutionMs;
  const latest = Math.max(stopRequestedAt ?? 0, idleAt ?? 0) || now;
  const isOfNext = (file: CallRecording) =>
    isSucceeded(trace, around) && begin(file) > nextRequestedAt - skewMs;
  const begin = ({ start_time }: CallRecording) => start_time.getTime() - (aheadMs ?? 0);
  const end = ({ end_time }: CallRecording) => end_time.getTime() - (aheadMs ?? 0);
  const rank = (file: CallRecording) =>
    takenOver ? end(file) : Math.abs(begin(file) - requestedAt);
  return files
    .filter((file) => !file.recording_type || file.recording_type === "composite")
    .filter((file) => sessionId === undefined || file.session_id === sessionId)
    .filter((file) => !ofOthers.includes(fileName(file)))
    .filter((file) => {
      const { start_time, end_time } = file;
      if (!(start_time instanceof Date && end_time instanceof Date)) return false;
      if (end_time <= start_time) return false;
      if (begin(file) < earliest || begin(file) > latest + skewMs || isOfNext(file)) return false;
      return end(file) > requestedAt - unsureMs;
    })
    .sort((a, b) => rank(a) - rank(b))[0];
}

const hasBegun = ({ runningAt, stopRequestedAt }: Trace) =>
  runningAt !== undefined || stopRequestedAt !== undefined;

const isOver = (trace: Trace) => hasBegun(trace) && trace.idleAt !== undefined;

function sameSession(trace: Trace, call: CallState): boolean {
  return trace.sessionId === undefined || trace.sessionId === call.sessionId;
}

function active(trace: Trace, call: CallState, now: number): Verdict {
  const { idleAt: _, ...rest } = trace;
  const sessionId = call.sessionId ?? trace.sessionId;
  const seen: Trace = { ...rest, ...(sessionId === undefined ? {} : { sessionId }) };
  if (call.composite === "starting") return starting(seen);
  const startedAt = seen.runningAt ?? now;
  const ours: Trace = { ...seen, runningAt: startedAt };
  return { answer: { status: "recording", startedAt, providerRef: encode(ours) }, trace: ours };
}

/** Neither running nor listed: not begun, being finished, or lost. */
function idle(trace: Trace, call: CallState, around: Circumstances): Verdict {
  const { now } = around;
  const { acceptedAt, stopRequestedAt } = trace;
  const begun = hasBegun(trace);
  if (!begun && acceptedAt === undefined) return { answer: { status: "absent" }, trace };
  if (mayBegin(trace, call, now)) return starting(trace);
  const idleAt = trace.idleAt ?? Math.min(now, endOfSession(trace, call, around) ?? now);
  const seen: Trace = { ...trace, idleAt };
  if (now - Math.max(idleAt, stopRequestedAt ?? 0) > retentionMs) return failed(seen, "no_file");
  if (begun) return { answer: { status: "finishing", providerRef: encode(seen) }, trace: seen };
  if (call.live && now - (acceptedAt ?? now) > startGraceMs) return failed(seen, "never_started");
  return starting(seen);
}

/** What was asked for may show yet, also when it is to be stopped by now: whoever took it for over would leave it running. */
function mayBegin(trace: Trace, call: CallState, now: number): boolean {
  const { acceptedAt, requestedAt, runningAt, stopAcceptedAt, idleAt } = trace;
  if ((runningAt ?? stopAcceptedAt ?? idleAt) !== undefined) return false;
  if (!call.live || !sameSession(trace, call)) return false;
  return acceptedAt === undefined
    ? now - requestedAt <= unansweredGraceMs
    : now - acceptedAt <= startGraceMs;
}

function starting(trace: Trace): Verdict {
  return { answer: { status: "starting", providerRef: encode(trace) }, trace };
}

function failed(trace: Trace, reason: string): Verdict {
  return { answer: { status: "failed", reason }, trace };
}

/** By our clock, epoch ms. */
function endOfSession(
  trace: Trace,
  call: CallState,
  { aheadMs = 0 }: Circumstances,
): number | undefined {
  const { sessionEndedAt } = call;
  if (sessionEndedAt === undefined || !sameSession(trace, call)) return undefined;
  return sessionEndedAt - aheadMs;
}

function sealed(
  trace: Trace,
  call: CallState,
  found: CallRecording,
  { now, aheadMs = 0 }: Circumstances,
): Verdict {
  // A difference within what is known of it is none: the times stay as Stream tells them.
  const shiftMs = Math.abs(aheadMs) > knownSkewMs ? Math.round(aheadMs) : 0;
  const answer: ProviderRecording = {
    status: "sealed",
    startedAt: found.start_time.getTime() - shiftMs,
    stoppedAt: found.end_time.getTime() - shiftMs,
    stopReason: stopReason(trace, call),
    hasMedia: true,
    gaps: [],
    pauses: [],
    tracks: [],
    problems: [],
    file: fileName(found),
  };
  // The file is not kept here: it is this recording's once our database has said so.
  return { answer, trace: { ...trace, idleAt: trace.idleAt ?? now } };
}

function stopReason(trace: Trace, call: CallState): string {
  if (trace.stopRequestedAt !== undefined) return "requested";
  if (call.ended) return "room_closed";
  const sessionIsOver = sameSession(trace, call) && call.sessionEndedAt !== undefined;
  return sessionIsOver ? "session_ended" : "provider";
}
