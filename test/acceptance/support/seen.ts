import { findBeeps, pitchOf } from "../../../src/synth/beep.ts";
import { type PatternMark, readPattern } from "../../../src/synth/pattern.ts";
import type { Rect } from "../../../src/synth/picture.ts";
import type { SentFrame } from "../../../src/synth/whipPublisher.ts";
import { decodeFile } from "../../media/support/captureOutput.ts";

/** What a finished file shows in each of some places, and sounds like. */
export interface Seen {
  /** By place: every picture with its time, ms. */
  marks: { ms: number; mark: PatternMark }[][];
  pictures: number;
  /** Onsets of a participant's beeps, ms. */
  beeps(participant: number): number[];
}

const soundRate = 48_000;

/** Decodes a file and reads the test pattern at the given places of every picture. */
export function look(file: string, places: readonly Rect[]): Seen {
  const marks: Seen["marks"] = places.map(() => []);
  const { samples, pictures } = decodeFile(file, (picture, ms) => {
    places.forEach((place, index) => {
      marks[index]?.push({ ms, mark: readPattern(picture, place) });
    });
  });
  return {
    marks,
    pictures,
    beeps: (participant) => findBeeps(samples, soundRate, pitchOf(participant)),
  };
}

/** Times at which a flash begins, ms. */
export function flashes(marks: Seen["marks"][number]): number[] {
  return marks.flatMap(({ ms, mark }, index) => {
    const before = marks[index - 1];
    return mark.flash && before && !before.mark.flash ? [ms] : [];
  });
}

/** Sound minus picture for each flash with a beep within half a second, ms. */
export function offsets(flashTimes: readonly number[], beepTimes: readonly number[]): number[] {
  return flashTimes.flatMap((flash) => {
    const nearest = beepTimes.map((beep) => beep - flash).sort((a, b) => Math.abs(a) - Math.abs(b));
    return nearest[0] !== undefined && Math.abs(nearest[0]) < 500 ? [nearest[0]] : [];
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * How late each picture that shows a counter is, against the moment a frame with that counter was sent; ms, positive
 * = later. `startedAt` is when the file begins, epoch ms.
 */
export function lateness(
  marks: Seen["marks"][number],
  sent: readonly SentFrame[],
  startedAt: number,
): number[] {
  return marks.flatMap(({ ms, mark }) => {
    const sentAt = sent
      .filter(({ counter }) => counter === mark.counter)
      .map((frame) => ms - (frame.sentAt - startedAt))
      .sort((a, b) => Math.abs(a) - Math.abs(b));
    return sentAt[0] === undefined ? [] : [sentAt[0]];
  });
}

/** A picture may be this much off the moment it was sent, ms. */
const toleranceMs = 250;

/**
 * Stretches of at least `leastMs` in which no picture shows what was sent at its time, though something was sent at
 * the file's beginning; ms from its start.
 */
export function darkStretches(
  marks: Seen["marks"][number],
  sent: readonly SentFrame[],
  file: { startedAt: number; durationMs: number },
  leastMs: number,
): { startMs: number; endMs: number }[] {
  const lit = marks
    .filter((mark) => {
      const [late] = lateness([mark], sent, file.startedAt);
      return late !== undefined && Math.abs(late) <= toleranceMs;
    })
    .map(({ ms }) => ms);
  const edges = [0, ...lit, file.durationMs];
  return edges.slice(1).flatMap((endMs, index) => {
    const startMs = edges[index] ?? 0;
    return endMs - startMs >= leastMs ? [{ startMs, endMs }] : [];
  });
}
