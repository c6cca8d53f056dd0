import { findBeeps, findSounds, pitchOf, type Sound } from "../../../src/synth/media/beep.ts";
import { type PatternMark, readPattern } from "../../../src/synth/picture/pattern.ts";
import type { Rect } from "../../../src/synth/picture/picture.ts";
import type { SentFrame } from "../../../src/synth/transport/whipPublisher.ts";
import { decodeFile } from "../../media/support/captureOutput.ts";

/** What a finished file shows in each of some places, and sounds like. */
export interface Seen {
  /** By place: every picture with its time, ms. */
  marks: { ms: number; mark: PatternMark }[][];
  pictures: number;
  /** Onsets of a participant's beeps, ms. */
  beeps(participant: number): number[];
  /** Whatever is heard of a participant, what is left of a beep that was cut too. */
  sounds(participant: number): Sound[];
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
    sounds: (participant) => findSounds(samples, soundRate, pitchOf(participant)),
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
 * When each frame was due, ms from `startedAt`: what its RTP timestamp says. A sender that stood still for a moment sends
 * some a little later.
 */
function dueTimes(sent: readonly SentFrame[], startedAt: number): number[] {
  const zero = sent.reduce(
    (least, { sentAt, mediaMs }) => Math.min(least, sentAt - mediaMs),
    Infinity,
  );
  return sent.map(({ mediaMs }) => zero + mediaMs - startedAt);
}

/**
 * How late each picture that shows a counter is, against the moment a frame with that counter was due; ms, positive
 * = later. `startedAt` is when the file begins, epoch ms.
 */
export function lateness(
  marks: Seen["marks"][number],
  sent: readonly SentFrame[],
  startedAt: number,
): number[] {
  const due = dueTimes(sent, startedAt);
  return marks.flatMap(({ ms, mark }) => {
    const [least] = sent
      .flatMap(({ counter }, index) => (counter === mark.counter ? [ms - (due[index] ?? 0)] : []))
      .sort((a, b) => Math.abs(a) - Math.abs(b));
    return least === undefined ? [] : [least];
  });
}

/** A sender that sends nothing for longer than this stood still, ms. */
const stallMs = 200;

/** Whether the sender stood still somewhere between two times of the file, ms: it leaves out what it is too late for. */
export function stoodStill(
  sent: readonly SentFrame[],
  startedAt: number,
  span: { fromMs: number; toMs: number },
): boolean {
  return sent.slice(1).some(({ sentAt }, index) => {
    const before = (sent[index]?.sentAt ?? 0) - startedAt;
    const after = sentAt - startedAt;
    return after - before > stallMs && before < span.toMs && after > span.fromMs;
  });
}

/** For how much of a stretch something was sent, ms. */
function sentDuring(due: readonly number[], startMs: number, endMs: number): number {
  const inside = due.filter((ms) => ms >= startMs && ms <= endMs);
  return inside.slice(1).reduce((sum, ms, index) => {
    const step = ms - (inside[index] ?? 0);
    return sum + (step <= stallMs ? step : 0);
  }, 0);
}

/** A picture may be this much off the moment it was sent, ms. */
const toleranceMs = 250;

/**
 * Stretches in which no picture shows what was sent at its time, though something was sent for at least `leastMs` of them;
 * ms from the file's start.
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
  const due = dueTimes(sent, file.startedAt);
  const edges = [0, ...lit, file.durationMs];
  return edges.slice(1).flatMap((endMs, index) => {
    const startMs = edges[index] ?? 0;
    const isDark = endMs - startMs >= leastMs && sentDuring(due, startMs, endMs) >= leastMs;
    return isDark ? [{ startMs, endMs }] : [];
  });
}
