import path from "node:path";
import { processEntry } from "../src/config/paths.ts";
import type { Clock } from "../src/core/clock.ts";
import { silentLog } from "../src/core/log.ts";
import { CaptureWriter } from "../src/media/format/captureWriter.ts";
import { loadMediaLoop } from "../src/synth/encode.ts";
import { audioPacketMs, type MediaLoop } from "../src/synth/mediaLoop.ts";
import type { Stage } from "./stage.ts";

/** What one source of the composition looks like, 720p30 VP8 with a grain that costs bits, and Opus. */
export const sourceSpec = { width: 1280, height: 720, fps: 30, videoKbps: 1500, seconds: 8 };

export const participants = 4;

/** A capture of so many people in a folder of its own. */
export async function sourceCapture(stage: Stage, durationMs: number): Promise<string> {
  const folder = await stage.folder();
  const encoderProgram = path.join(
    path.dirname(processEntry("composeProcess")),
    "encodeProcess.js",
  );
  const loops = [];
  for (let participant = 0; participant < participants; participant++)
    loops.push(
      await loadMediaLoop({ participant, ...sourceSpec }, { cacheDir: folder, encoderProgram }),
    );
  return writeCapture(folder, loops, durationMs);
}

/** Writes the capture of a meeting in which everybody publishes all the time; returns its folder. */
async function writeCapture(
  parent: string,
  loops: readonly MediaLoop[],
  durationMs: number,
): Promise<string> {
  const dir = path.join(parent, "capture");
  const clock = new WrittenTime();
  const start = { recordingId: "bench", roomId: "bench", maxDurationMs: durationMs };
  const writer = await CaptureWriter.create(dir, start, { clock, log: silentLog });
  loops.forEach((loop, index) => {
    const participant = `person${index}`;
    writer.participant(participant, `Person ${index + 1}`);
    writeVideo(writer, participant, loop, durationMs);
    writeAudio(writer, participant, loop, durationMs);
  });
  clock.passed = durationMs;
  await writer.seal("stopped");
  return dir;
}

function writeVideo(
  writer: CaptureWriter,
  participant: string,
  { spec, video }: MediaLoop,
  durationMs: number,
): void {
  const source = { kind: "video", codec: spec.codec, clockRate: 90_000, ssrc: 1 } as const;
  const track = writer.track({ participant, ...source });
  const { width, height, fps } = spec;
  track.first(0);
  for (let index = 0; index < (durationMs * fps) / 1000; index++) {
    const frame = video[index % video.length];
    if (frame) track.frame({ ...frame, ms: (index * 1000) / fps, width, height });
  }
  track.end("left");
}

function writeAudio(
  writer: CaptureWriter,
  participant: string,
  { audio }: MediaLoop,
  durationMs: number,
): void {
  const source = { kind: "audio", codec: "opus", clockRate: 48_000, ssrc: 2 } as const;
  const track = writer.track({ participant, ...source });
  track.first(0);
  for (let index = 0; index < durationMs / audioPacketMs; index++) {
    const packet = audio[index % audio.length];
    if (packet) track.frame({ data: packet.data, ms: index * audioPacketMs, key: true });
  }
  track.end("left");
}

/** Stands still while the media is written, which takes no time in the meeting. */
class WrittenTime implements Clock {
  passed = 0;
  readonly #startedAt = Date.now();

  now(): number {
    return this.#startedAt + this.passed;
  }

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
  }
}
