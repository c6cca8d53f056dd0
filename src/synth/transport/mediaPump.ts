import type { Clock } from "../../core/clock.ts";
import { audioPacketMs } from "../media/mediaLoop.ts";

export interface PumpSinks {
  /** Slot of the frame and its time since time zero, ms. */
  video(slot: number, ms: number): void;
  audio(slot: number, ms: number): void;
  /** Four times a second. */
  tick(slot: number): void;
}

export interface PumpOptions {
  clock: Clock;
  /** Time zero, epoch ms. */
  start: number;
  frameMs: number;
  sinks: PumpSinks;
  signal: AbortSignal;
}

/** What was due longer ago, because the machine was asleep or starved, is left out rather than sent in a burst. */
const tooLateMs = 500;

const tickMs = 250;

export const ticksPerSecond = 1000 / tickMs;

/** Calls the sinks at their times, from now on until the signal aborts. */
export async function pumpMedia(options: PumpOptions): Promise<void> {
  const { clock, start, frameMs, sinks, signal } = options;
  const elapsed = () => clock.now() - start;
  const firstMs = elapsed();
  const track = (periodMs: number, emit: (slot: number, ms: number) => void) => {
    return { next: Math.ceil(firstMs / periodMs), periodMs, emit };
  };
  const tracks = [
    track(tickMs, sinks.tick.bind(sinks)),
    track(audioPacketMs, sinks.audio.bind(sinks)),
    track(frameMs, sinks.video.bind(sinks)),
  ];
  while (!signal.aborted) {
    const now = elapsed();
    for (const track of tracks)
      for (; track.next * track.periodMs <= now; track.next++) {
        const due = track.next * track.periodMs;
        if (now - due <= tooLateMs) track.emit(track.next, due);
      }
    const due = Math.min(...tracks.map(({ next, periodMs }) => next * periodMs));
    await clock.sleep(Math.max(1, due - elapsed()), signal);
  }
}
