import { rm } from "node:fs/promises";
import path from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { processEntry } from "../src/config/paths.ts";
import type { Clock } from "../src/core/clock.ts";
import { silentLog } from "../src/core/log.ts";
import { createCaptureReader } from "../src/media/format/captureReader.ts";
import { CaptureWriter } from "../src/media/format/captureWriter.ts";
import type { TrackWriter } from "../src/media/format/trackWriter.ts";
import { loadMediaLoop } from "../src/synth/encode.ts";
import { audioPacketMs, type MediaLoop } from "../src/synth/mediaLoop.ts";
import { sourceSpec } from "./composeSource.ts";
import { type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, median } from "./statistics.ts";

const participants = 4;
/** What a player loads of a track before it shows anything, bytes. */
const beginningBytes = 512 * 1024;
/** More than this is not kept in memory while a capture is written, bytes. */
const mostQueuedBytes = 16 << 20;

/** From the stop of a recording to where a player has the beginning of every track, for meetings of growing length. */
export async function benchPlayback(stage: Stage): Promise<Row[]> {
  const folder = await stage.folder();
  const program = path.join(path.dirname(processEntry("composeProcess")), "encodeProcess.js");
  const loops: MediaLoop[] = [];
  for (let participant = 0; participant < participants; participant++)
    loops.push(
      await loadMediaLoop(
        { participant, ...sourceSpec },
        { cacheDir: folder, encoderProgram: program },
      ),
    );
  const [shortest = 1, ...longer] = stage.pick([1, 5, 15], [1, 5]);
  const baseline = await stopToPlayable(stage, folder, loops, shortest);
  const rows: Row[] = [];
  for (const minutes of longer) {
    const ours = await stopToPlayable(stage, folder, loops, minutes);
    const name = `stop → playable, ${minutes} min of 4 × 720p`;
    const comparison = compare(
      ours.map((seconds, round) => ({ ours: seconds, baseline: baseline[round] ?? 0 })),
    );
    const aim = { of: "ours", most: 5 } as const;
    rows.push(
      rowOf({
        name,
        baseline: `after ${shortest} min`,
        comparison,
        format: units.milliseconds,
        aim,
      }),
    );
  }
  return rows;
}

/** Seconds, several rounds; a capture is sealed once, and what is kept of it is forgotten before each round. */
async function stopToPlayable(
  stage: Stage,
  parent: string,
  loops: readonly MediaLoop[],
  minutes: number,
): Promise<number[]> {
  stage.say(`${minutes} min of ${participants} participants`);
  const dir = path.join(parent, `capture-${minutes}`);
  const writer = await writeMeeting(dir, loops, minutes * 60_000);
  const began = performance.now();
  await writer.seal("stopped");
  const sealMs = performance.now() - began;
  const rounds: number[] = [];
  for (let round = 0; round < 5; round++) {
    await rm(path.join(dir, "playback.json"), { force: true });
    rounds.push((sealMs + (await openMs(dir))) / 1000);
  }
  await rm(dir, { recursive: true });
  stage.say(`${units.milliseconds(median(rounds))}, ${sealMs.toFixed(0)} ms of it to seal`);
  return rounds;
}

/** What a server does for a player that opens the recording, without the network. */
async function openMs(dir: string): Promise<number> {
  const began = performance.now();
  const reader = createCaptureReader();
  const { tracks } = await reader.playback(dir);
  await Promise.all(
    tracks.map(async ({ trackId }) => {
      const track = await reader.track(dir, trackId);
      if (!track) throw new Error(`${trackId} cannot be played`);
      const end = Math.min(beginningBytes, track.sizeBytes) - 1;
      for await (const _ of track.read({ start: 0, end }));
    }),
  );
  return performance.now() - began;
}

/** A capture in which everybody publishes all the time, unsealed. */
async function writeMeeting(
  dir: string,
  loops: readonly MediaLoop[],
  durationMs: number,
): Promise<CaptureWriter> {
  const clock = new WrittenTime();
  const start = { recordingId: "bench", roomId: "bench", maxDurationMs: durationMs };
  const writer = await CaptureWriter.create(dir, start, { clock, log: silentLog });
  const people = loops.map((loop, index) => new Publisher(writer, `person${index}`, loop));
  for (let ms = 0; ms < durationMs; ms += 1000) {
    for (const one of people) one.publishSecond(ms);
    clock.advance(1000);
    do await breathe();
    while (writer.queuedBytes > mostQueuedBytes);
  }
  return writer;
}

class Publisher {
  readonly #writer: CaptureWriter;
  readonly #loop: MediaLoop;
  readonly #audio: TrackWriter;
  readonly #video: TrackWriter;

  constructor(writer: CaptureWriter, participant: string, loop: MediaLoop) {
    writer.participant(participant, participant);
    this.#writer = writer;
    this.#loop = loop;
    this.#audio = writer.track({
      ...{ participant, kind: "audio", codec: "opus", clockRate: 48_000, ssrc: 1 },
    });
    this.#video = writer.track({
      ...{ participant, kind: "video", codec: loop.spec.codec, clockRate: 90_000, ssrc: 2 },
    });
    for (const track of [this.#audio, this.#video]) track.first(0);
  }

  /** A second of frames, with the levels and sender reports that come with them. */
  publishSecond(fromMs: number): void {
    const { audio, video, spec } = this.#loop;
    for (let ms = fromMs; ms < fromMs + 1000; ms += audioPacketMs) {
      const packet = audio[(ms / audioPacketMs) % audio.length];
      if (!packet) continue;
      this.#audio.frame({ data: packet.data, ms, key: true });
      if (ms % 260 === 0) this.#writer.level(this.#audio.id, packet.levelDbov);
    }
    const { width, height, fps } = spec;
    const first = Math.round((fromMs * fps) / 1000);
    for (let index = first; index < first + fps; index++) {
      const frame = video[index % video.length];
      if (frame) this.#video.frame({ ...frame, ms: (index * 1000) / fps, width, height });
    }
    const sentAt = this.#writer.startedAt + fromMs;
    this.#writer.senderReport(this.#audio.id, sentAt, (fromMs * 48) % 2 ** 32);
    this.#writer.senderReport(this.#video.id, sentAt, (fromMs * 90) % 2 ** 32);
  }
}

/** Passes when told to, and wakes whoever waited for it. */
class WrittenTime implements Clock {
  #now = Date.now();
  #sleepers: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#sleepers.push(wake);
      signal?.addEventListener("abort", wake);
    });
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const wake of this.#sleepers.splice(0)) wake();
  }
}
