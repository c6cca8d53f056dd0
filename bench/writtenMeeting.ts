import { setImmediate as breathe } from "node:timers/promises";
import type { Clock } from "../src/core/clock.ts";
import { silentLog } from "../src/core/log.ts";
import { CaptureWriter } from "../src/media/format/write/captureWriter.ts";
import type { TrackWriter } from "../src/media/format/write/trackWriter.ts";
import { audioPacketMs, type MediaLoop } from "../src/synth/media/mediaLoop.ts";

/** More than this is not kept in memory while a capture is written, bytes. */
const mostQueuedBytes = 16 << 20;

/** A capture in which everybody publishes all the time, unsealed. */
export async function writeMeeting(
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
