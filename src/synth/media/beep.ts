import { sampleRate } from "../../core/media.ts";

/** Sound of the synthetic participants: a beep at the start of every second, together with the picture's flash. */
export const beepPeriodMs = 1000;
export const beepLengthMs = 100;

/** Of full scale: eight participants at once stay below clipping most of the time. */
const amplitude = 0.25;
const rampMs = 4;

/** Multiples of 100 Hz, 300 Hz apart: orthogonal in the windows in which `findBeeps` looks for them. */
export function pitchOf(participant: number): number {
  return 500 + 300 * (participant % 8);
}

/** Whether flash and beep are on at this time of the loop, ms. */
export function isOn(ms: number): boolean {
  return positiveModulo(ms, beepPeriodMs) < beepLengthMs;
}

/** The sample (−1…1) at position `index`, counted at 48 kHz from the start of the loop. */
export function beepSample(participant: number, index: number): number {
  const ms = positiveModulo((index * 1000) / sampleRate, beepPeriodMs);
  if (ms >= beepLengthMs) return 0;
  const ramp = Math.min(1, ms / rampMs, (beepLengthMs - ms) / rampMs);
  return amplitude * ramp * Math.sin((2 * Math.PI * pitchOf(participant) * index) / sampleRate);
}

const positiveModulo = (value: number, modulus: number) => ((value % modulus) + modulus) % modulus;

const windowMs = 10;
const hopMs = 1;

/**
 * Onsets of the beeps of one pitch in mono sound, ms from its first sample, rising. What is less than half as loud
 * as the loudest of that pitch does not count; a beep that sounds already at the first sample has its onset at 0. What does
 * not last is the click with which another pitch begins or ends.
 */
export function findBeeps(samples: Float32Array, rate: number, pitchHz: number): number[] {
  return findSounds(samples, rate, pitchHz)
    .filter(({ lengthMs }) => lengthMs >= beepLengthMs / 2)
    .map(({ startMs }) => startMs);
}

export interface Sound {
  /** From the first sample. */
  startMs: number;
  lengthMs: number;
}

/** Everything of one pitch that `findBeeps` looks at, however short: what is left of a beep that was cut, too. */
export function findSounds(samples: Float32Array, rate: number, pitchHz: number): Sound[] {
  const window = Math.round((rate * windowMs) / 1000);
  const hop = (rate * hopMs) / 1000;
  const count = Math.max(0, Math.floor((samples.length - window) / hop) + 1);
  const levels = Float64Array.from({ length: count }, (_, index) =>
    toneLevel(samples, Math.round(index * hop), window, pitchHz / rate),
  );
  const loudest = levels.reduce((max, level) => Math.max(max, level), 0);
  return loudest < 0.01 ? [] : sounds(levels, loudest / 2);
}

/** A window is half full of tone when its middle is at the onset: that is where half the level is crossed. */
function sounds(levels: Float64Array, half: number): Sound[] {
  const found: Sound[] = [];
  let start: number | undefined;
  for (let index = 0; index <= levels.length; index++) {
    const sounding = (levels[index] ?? 0) >= half;
    if (sounding) start ??= index;
    if (sounding || start === undefined) continue;
    found.push({ startMs: crossing(levels, start, half), lengthMs: (index - start) * hopMs });
    start = undefined;
  }
  return found;
}

function crossing(levels: Float64Array, index: number, half: number): number {
  if (index === 0) return 0;
  const before = levels[index - 1] ?? 0;
  const part = (half - before) / ((levels[index] ?? half) - before);
  return (index - 1 + part) * hopMs + windowMs / 2;
}

/** Amplitude of one frequency (cycles a sample) in a stretch of sound, by Goertzel's recurrence. */
function toneLevel(samples: Float32Array, from: number, count: number, frequency: number): number {
  const turn = 2 * Math.cos(2 * Math.PI * frequency);
  let last = 0;
  let beforeLast = 0;
  for (let index = from; index < from + count; index++) {
    const next = (samples[index] ?? 0) + turn * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  const power = last * last + beforeLast * beforeLast - turn * last * beforeLast;
  return (2 * Math.sqrt(Math.max(0, power))) / count;
}
