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
 * Between the end of the capture and the file there is nothing to see at Stream: that is still `recording`, because
 * the media is not safe yet.
 */
export function judge(
  trace: Trace,
  call: CallState,
  files: readonly CallRecording[],
  now: number,
): Verdict {
  const file = fileOf(trace, files, call.composite === "running");
  if (file) return { answer: sealed(trace, call, file), trace };
  if (call.composite !== "idle" && sameSession(trace, call)) return active(trace, call, now);
  return idle(trace, call, now);
}

/**
 * The finished file of this recording: same session, composite, and not begun before it was asked for — or, when a
 * capture that already ran was taken over, under way at that moment.
 */
export function fileOf(
  trace: Trace,
  files: readonly CallRecording[],
  running: boolean,
): CallRecording | undefined {
  const skew = running ? 0 : clockSkewMs;
  const { requestedAt, sessionId } = trace;
  const distance = (file: CallRecording) => Math.abs(file.start_time.getTime() - requestedAt);
  return files
    .filter((file) => !file.recording_type || file.recording_type === "composite")
    .filter((file) => sessionId === undefined || file.session_id === sessionId)
    .filter(({ start_time, end_time }) => {
      if (!(start_time instanceof Date && end_time instanceof Date)) return false;
      return start_time.getTime() >= requestedAt - skew || end_time.getTime() > requestedAt;
    })
    .sort((a, b) => distance(a) - distance(b))[0];
}

function sameSession(trace: Trace, call: CallState): boolean {
  return trace.sessionId === undefined || trace.sessionId === call.sessionId;
}

function active(trace: Trace, call: CallState, now: number): Verdict {
  const { idleAt: _, ...rest } = trace;
  const sessionId = call.sessionId ?? trace.sessionId;
  const seen: Trace = { ...rest, ...(sessionId === undefined ? {} : { sessionId }) };
  if (call.composite === "starting")
    return { answer: { status: "starting", providerRef: encode(seen) }, trace: seen };
  return recording({ ...seen, runningAt: seen.runningAt ?? now });
}

function recording(trace: Trace): Verdict {
  const startedAt = trace.runningAt ?? trace.requestedAt;
  return { answer: { status: "recording", startedAt, providerRef: encode(trace) }, trace };
}

/** Neither running nor listed: not begun, being finished, or lost. */
function idle(trace: Trace, call: CallState, now: number): Verdict {
  const { acceptedAt, runningAt, stopRequestedAt } = trace;
  const begun = runningAt !== undefined || stopRequestedAt !== undefined;
  if (!begun && acceptedAt === undefined) return { answer: { status: "absent" }, trace };
  const idleAt = trace.idleAt ?? Math.min(now, endOfSession(trace, call) ?? now);
  const seen: Trace = { ...trace, idleAt };
  if (now - Math.max(idleAt, stopRequestedAt ?? 0) > fileGraceMs) return failed(seen, "no_file");
  if (begun) return recording(seen);
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
    tracks: [],
  };
}

function stopReason(trace: Trace, call: CallState): string {
  if (trace.stopRequestedAt !== undefined) return "requested";
  if (call.ended) return "room_closed";
  return endOfSession(trace, call) === undefined ? "provider" : "session_ended";
}
