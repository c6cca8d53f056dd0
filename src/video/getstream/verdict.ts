import type { CallRecording } from "@stream-io/node-sdk";
import type { ProviderRecording } from "../port.ts";
import type { CallState } from "./callState.ts";
import { encode, type Trace } from "./trace.ts";

/** How far Stream's clock may be from ours, ms. */
export const clockSkewMs = 5_000;
/** An accepted start that shows nothing for that long, with people in the call, has failed; ms. */
export const startGraceMs = 120_000;
/** A finished file is listed after about five minutes; after this it is not coming, ms. */
export const fileGraceMs = 1_800_000;

export interface Verdict {
  answer: ProviderRecording;
  /** The trace with what was learnt. */
  trace: Trace;
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
  now: number,
): Verdict {
  const running = call.composite !== "idle" && sameSession(trace, call) && !isOver(trace);
  const file = fileOf(trace, files, running);
  if (file) return { answer: sealed(trace, call, file), trace };
  return running ? active(trace, call, now) : idle(trace, call, now);
}

/**
 * The finished file of this recording: composite, same session, ended after it was asked for, and not begun before —
 * unless a capture that already ran was taken over. While it runs, the clocks' difference is not allowed for,
 * because that would find the file of the one before.
 */
export function fileOf(
  trace: Trace,
  files: readonly CallRecording[],
  running: boolean,
): CallRecording | undefined {
  const { requestedAt, sessionId, takenOver } = trace;
  const earliest = takenOver ? 0 : requestedAt - (running ? 0 : clockSkewMs);
  const rank = ({ start_time, end_time }: CallRecording) =>
    takenOver ? end_time.getTime() : Math.abs(start_time.getTime() - requestedAt);
  return files
    .filter((file) => !file.recording_type || file.recording_type === "composite")
    .filter((file) => sessionId === undefined || file.session_id === sessionId)
    .filter(({ start_time, end_time }) => {
      if (!(start_time instanceof Date && end_time instanceof Date)) return false;
      return start_time.getTime() >= earliest && end_time.getTime() > requestedAt;
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
  if (call.composite === "starting")
    return { answer: { status: "starting", providerRef: encode(seen) }, trace: seen };
  const startedAt = seen.runningAt ?? now;
  const ours: Trace = { ...seen, runningAt: startedAt };
  return { answer: { status: "recording", startedAt, providerRef: encode(ours) }, trace: ours };
}

/** Neither running nor listed: not begun, being finished, or lost. */
function idle(trace: Trace, call: CallState, now: number): Verdict {
  const { acceptedAt, stopRequestedAt } = trace;
  const begun = hasBegun(trace);
  if (!begun && acceptedAt === undefined) return { answer: { status: "absent" }, trace };
  const idleAt = trace.idleAt ?? Math.min(now, endOfSession(trace, call) ?? now);
  const seen: Trace = { ...trace, idleAt };
  if (now - Math.max(idleAt, stopRequestedAt ?? 0) > fileGraceMs) return failed(seen, "no_file");
  if (begun) return { answer: { status: "finishing" }, trace: seen };
  if (call.live && now - (acceptedAt ?? now) > startGraceMs) return failed(seen, "never_started");
  return { answer: { status: "starting", providerRef: encode(seen) }, trace: seen };
}

function failed(trace: Trace, reason: string): Verdict {
  return { answer: { status: "failed", reason }, trace };
}

function endOfSession(trace: Trace, call: CallState): number | undefined {
  return sameSession(trace, call) ? call.sessionEndedAt : undefined;
}

function sealed(trace: Trace, call: CallState, file: CallRecording): ProviderRecording {
  return {
    status: "sealed",
    startedAt: file.start_time.getTime(),
    stoppedAt: file.end_time.getTime(),
    stopReason: stopReason(trace, call),
    hasMedia: true,
    gaps: [],
    pauses: [],
    tracks: [],
    problems: [],
  };
}

function stopReason(trace: Trace, call: CallState): string {
  if (trace.stopRequestedAt !== undefined) return "requested";
  if (call.ended) return "room_closed";
  return endOfSession(trace, call) === undefined ? "provider" : "session_ended";
}
