import type { Download } from "./download.ts";
import type { RecordingDetail } from "./recording.ts";

/** How long each step took, ms. */
export interface DemoTimes {
  start: number;
  stop: number;
  /** From the stop's answer until the recording was ready. */
  compose: number;
}

/** What the demo prints at its end, one fact a line. */
export function reportLines(
  recording: RecordingDetail,
  download: Download,
  times: DemoTimes,
): string[] {
  const facts: [string, string][] = [
    ["Recording", recording.recordingId],
    ["URL", recording.recordingUrl],
    ["File", download.file],
    ["Size", `${megabytes(download.sizeBytes)} MB (${download.sizeBytes} bytes)`],
    ["SHA-256", download.sha256],
    ...probeFacts(recording),
    ["Calls", `start ${ms(times.start)}, stop ${ms(times.stop)}`],
    ["Composed in", `${(times.compose / 1000).toFixed(1)} s${speed(recording, times.compose)}`],
  ];
  return facts.map(([name, value]) => `${name.padEnd(12)} ${value}`);
}

function probeFacts({ probe, gaps }: RecordingDetail): [string, string][] {
  if (!probe) return [];
  const { video, audio, durationMs, expectedDurationMs, avOffsetMs, problems } = probe;
  return [
    ["Duration", `${seconds(durationMs)} (recorded ${seconds(expectedDurationMs)})`],
    ...(video ? [["Video", videoFacts(video)] satisfies [string, string]] : []),
    ...(audio ? [["Audio", audioFacts(audio)] satisfies [string, string]] : []),
    ["A/V offset", ms(avOffsetMs)],
    ...(gaps.length > 0 ? [["Gaps", String(gaps.length)] satisfies [string, string]] : []),
    ...problems.map((problem): [string, string] => ["Problem", problem]),
  ];
}

type Probe = NonNullable<RecordingDetail["probe"]>;

function videoFacts(video: NonNullable<Probe["video"]>): string {
  const { codec, width, height, frameRate, frames } = video;
  return `${codec}, ${width}x${height}, ${Number(frameRate.toFixed(2))} fps, ${frames} frames`;
}

function audioFacts({ codec, sampleRate, channels }: NonNullable<Probe["audio"]>): string {
  return `${codec}, ${sampleRate / 1000} kHz, ${channels === 1 ? "mono" : `${channels} channels`}`;
}

function speed({ durationMs }: RecordingDetail, composeMs: number): string {
  if (durationMs === undefined || composeMs <= 0) return "";
  return `, ${(durationMs / composeMs).toFixed(1)} times real time`;
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2);
const ms = (value: number) => `${Math.round(value)} ms`;
const seconds = (value: number) => `${(value / 1000).toFixed(2)} s`;
