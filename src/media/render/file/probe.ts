import { stat } from "node:fs/promises";
import type { ProbeFinding } from "../../compose/protocol.ts";
import {
  Codec,
  constants,
  FFmpegError,
  FormatContext,
  Packet,
  type Stream,
} from "../decode/nodeAv.ts";
import { hasFaststart } from "./mp4Boxes.ts";

/** What the file should be. */
export interface Expectation {
  durationMs: number;
  video: boolean;
}

/** Durations may differ from the timeline, and sound from video, by this much, ms. */
const toleranceMs = 200;

/** Reads a finished file from end to end and says what it is and what is wrong with it. @throws for an unreadable one */
export async function probeFile(path: string, expected: Expectation): Promise<ProbeFinding> {
  const { size } = await stat(path);
  const faststart = await hasFaststart(path);
  const input = new FormatContext();
  input.allocContext();
  FFmpegError.throwIfError(input.openInputSync(path, null, null), "open result");
  try {
    const found = measure(input);
    const container = input.iformat?.name?.includes("mp4") ? "mp4" : (input.iformat?.name ?? "");
    const finding = {
      durationMs: Math.round(Number(input.duration) / 1000),
      expectedDurationMs: Math.round(expected.durationMs),
      ...{ sizeBytes: size, container, faststart, ...found },
    };
    return { ...finding, problems: problemsOf(finding, expected) };
  } finally {
    input.closeInputSync();
  }
}

interface Extent {
  packets: number;
  firstMs: number;
  endMs: number;
}

function measure(input: FormatContext): Pick<ProbeFinding, "video" | "audio" | "avOffsetMs"> {
  FFmpegError.throwIfError(input.findStreamInfoSync(null), "read result");
  const { streams } = input;
  const extents = readExtents(input, streams);
  const pick = (type: number) => {
    const stream = streams.find(({ codecpar }) => codecpar.codecType === type);
    const extent = stream && extents[stream.index];
    return stream && extent && extent.packets > 0 ? { stream, extent } : undefined;
  };
  const video = pick(constants.AVMEDIA_TYPE_VIDEO);
  const audio = pick(constants.AVMEDIA_TYPE_AUDIO);
  const offset = video && audio ? startOf(video.extent) - startOf(audio.extent) : 0;
  return {
    ...(video ? { video: videoOf(video) } : {}),
    ...(audio ? { audio: audioOf(audio) } : {}),
    avOffsetMs: Math.round(offset),
  };
}

/** Packets before zero only prime the decoder: a player drops them. */
function startOf({ firstMs }: Extent): number {
  return Math.max(0, firstMs);
}

function readExtents(input: FormatContext, streams: Stream[]): Extent[] {
  const ticks = streams.map(({ timeBase }) => (1000 * timeBase.num) / timeBase.den);
  const extents = streams.map(() => ({ packets: 0, firstMs: Number.POSITIVE_INFINITY, endMs: 0 }));
  const packet = new Packet();
  packet.alloc();
  while (input.readFrameSync(packet) >= 0) {
    const extent = extents[packet.streamIndex];
    const tick = ticks[packet.streamIndex] ?? 0;
    if (extent) {
      const fromMs = Number(packet.pts) * tick;
      extent.packets++;
      extent.firstMs = Math.min(extent.firstMs, fromMs);
      extent.endMs = Math.max(extent.endMs, fromMs + Number(packet.duration) * tick);
    }
    packet.unref();
  }
  packet.free();
  return extents;
}

interface Measured {
  stream: Stream;
  extent: Extent;
}

function videoOf({ stream, extent }: Measured): NonNullable<ProbeFinding["video"]> {
  const { codecpar, avgFrameRate } = stream;
  const { width, height } = codecpar;
  return {
    ...{ codec: codecName(codecpar.codecId), width, height, frames: extent.packets },
    frameRate: Math.round((100 * avgFrameRate.num) / Math.max(1, avgFrameRate.den)) / 100,
    durationMs: Math.round(extent.endMs - startOf(extent)),
  };
}

function audioOf({ stream, extent }: Measured): NonNullable<ProbeFinding["audio"]> {
  const { codecId, sampleRate, channels } = stream.codecpar;
  const durationMs = Math.round(extent.endMs - startOf(extent));
  return { codec: codecName(codecId), sampleRate, channels, durationMs };
}

function codecName(id: Stream["codecpar"]["codecId"]): string {
  return Codec.findDecoder(id)?.name ?? `unknown ${id}`;
}

/** Why a file must not be given out. Pure. */
export function problemsOf(
  finding: Omit<ProbeFinding, "problems">,
  expected: Expectation,
): string[] {
  const { video, audio, durationMs } = finding;
  const problems: string[] = [];
  const off = Math.abs(durationMs - expected.durationMs);
  if (off > toleranceMs)
    problems.push(`lasts ${durationMs} ms instead of ${Math.round(expected.durationMs)} ms`);
  if (expected.video && !video) problems.push("no video");
  if (!audio) problems.push("no audio");
  if (video && audio && Math.abs(video.durationMs - audio.durationMs) > toleranceMs)
    problems.push(`video lasts ${video.durationMs} ms, audio ${audio.durationMs} ms`);
  if (Math.abs(finding.avOffsetMs) > toleranceMs)
    problems.push(`video starts ${finding.avOffsetMs} ms after audio`);
  if (!finding.faststart) problems.push("the index is not in front");
  return problems;
}
