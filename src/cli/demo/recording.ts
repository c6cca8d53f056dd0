import type { FunctionReturnType } from "convex/server";
import type { Clock } from "../../core/clock.ts";
import type { RecordingConfig } from "../../core/recording.ts";
import { api } from "../../generated/api.ts";
import { DemoError, refusalCode } from "./demoError.ts";
import type { DemoMeeting } from "./meeting.ts";
import type { Output } from "./output.ts";
import { poll } from "./waiting.ts";

export type RecordingDetail = FunctionReturnType<typeof api.recordings.queries.getRecording>;

export interface DemoRun {
  clock: Clock;
  signal: AbortSignal;
  output: Output;
}

/** How long somebody may take to come into a call. */
const arrivalTimeoutMs = 300_000;

/** Nothing more of a recording is heard of for this long: it is stuck. */
const stuckAfterMs = 120_000;

export interface StartedRecording {
  recordingId: string;
  recordingUrl: string;
  tookMs: number;
}

/** Starts recording; with `awaitPeople` as often as it takes until somebody is in the call. */
export async function startRecording(
  { host, meetingId }: DemoMeeting,
  { quality, layout, audioOnly }: RecordingConfig,
  { clock, signal }: DemoRun,
  awaitPeople: boolean,
): Promise<StartedRecording> {
  const recordingConfig = { quality, layout, audioOnly };
  const ask = async () => {
    const asked = clock.now();
    try {
      const { startRecording: start } = api.meetings.stream.index;
      const started = await host.action(start, { meetingId, recordingConfig });
      return { ...started, tookMs: clock.now() - asked };
    } catch (error) {
      if (awaitPeople && refusalCode(error) === "MEETING_NOT_ACTIVE") return undefined;
      throw error;
    }
  };
  const started = await poll(ask, { clock, signal, everyMs: 3000, forMs: arrivalTimeoutMs });
  if (!started) throw new DemoError("Nobody came into the call, so nothing was recorded.");
  const { recordingId, recordingUrl = "", tookMs } = started;
  return { recordingId, recordingUrl, tookMs };
}

/** Lets the recording run for a while. */
export async function recordFor(seconds: number, { clock, signal, output }: DemoRun) {
  const bar = output.progress("Recording");
  const start = clock.now();
  const end = start + seconds * 1000;
  try {
    for (let now = start; now < end; now = clock.now()) {
      bar.update((now - start) / (end - start), `${Math.round((end - now) / 1000)} s left`);
      await clock.sleep(Math.min(200, end - now), signal);
      signal.throwIfAborted();
    }
    bar.update(1, `${seconds} s`);
  } finally {
    bar.stop();
  }
}

/** Stops the recording. @returns how long the call took, ms */
export async function stopRecording(
  { host, meetingId }: DemoMeeting,
  recordingId: string,
  { clock }: Pick<DemoRun, "clock">,
): Promise<number> {
  const asked = clock.now();
  await host.action(api.meetings.stream.index.stopRecording, { meetingId, recordingId });
  return clock.now() - asked;
}

/** Follows the recording until it is ready. @throws DemoError when it fails or nothing happens any more */
export async function awaitReady(
  { host }: DemoMeeting,
  recordingId: string,
  { clock, signal, output }: DemoRun,
): Promise<RecordingDetail> {
  const bar = output.progress("Composing");
  let lastHeard = { what: "", at: clock.now() };
  const ask = async () => {
    const recording = await host.query(api.recordings.queries.getRecording, { recordingId });
    const { state, progress } = recording;
    bar.update(state === "ready" ? 1 : Math.min(0.99, progress.done), noteOf(recording));
    if (state === "ready" || state === "failed") return recording;
    const what = `${state} ${progress.done}`;
    if (what !== lastHeard.what) lastHeard = { what, at: clock.now() };
    if (clock.now() - lastHeard.at > stuckAfterMs) throw stuck(recording);
    return undefined;
  };
  const options = { clock, signal, everyMs: 250, forMs: Number.POSITIVE_INFINITY };
  const recording = await poll(ask, options).finally(() => bar.stop());
  if (recording?.state !== "ready") throw failed(recording);
  return recording;
}

function noteOf({ state, progress: { etaMs } }: RecordingDetail): string {
  return etaMs === undefined ? state : `${state}, ${Math.ceil(etaMs / 1000)} s left`;
}

function stuck({ recordingId, state }: RecordingDetail): DemoError {
  return new DemoError(
    `Recording ${recordingId} has been "${state}" for ${stuckAfterMs / 1000} s without any progress.`,
  );
}

function failed(recording: RecordingDetail | undefined): DemoError {
  const { code, message } = recording?.error ?? { code: "failed", message: "no reason was given" };
  return new DemoError(`The recording failed with ${code}: ${message}`);
}
