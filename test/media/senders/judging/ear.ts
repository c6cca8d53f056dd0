/** A stretch in which one pitch sounds, ms. */
export interface HeardBeep {
  beep: number;
  fromMs: number;
  toMs: number;
}

export interface Heard {
  beeps: HeardBeep[];
  /** Stretches of sound without any of the pitches. */
  noises: { fromMs: number; toMs: number }[];
}

const rate = 48_000;
const windowMs = 10;
const hopMs = 5;
const window = (rate * windowMs) / 1000;
const hop = (rate * hopMs) / 1000;
const audible = 0.03;
/** Shorter sounds are the click with which another pitch begins or ends. */
const leastMs = 15;
const leastNoiseMs = 30;

/**
 * Finds beeps of an amplitude in mono sound at 48 kHz; a beep is named by its place in `pitches`, which are hertz. Pure.
 */
export function listen(
  samples: Float32Array,
  pitches: readonly number[],
  amplitude: number,
): Heard {
  // Crossed where half of a window is filled.
  const half = amplitude / 2;
  const open = new Map<number, HeardBeep>();
  const beeps: HeardBeep[] = [];
  const noises: Heard["noises"] = [];
  const close = (nowMs: number) => {
    for (const [beep, heard] of open) {
      if (nowMs - heard.toMs <= 2 * hopMs) continue;
      open.delete(beep);
      if (heard.toMs - heard.fromMs >= leastMs) beeps.push(heard);
    }
  };
  for (let at = 0; at + window <= samples.length; at += hop) {
    const ms = (at * 1000) / rate + windowMs / 2;
    close(ms);
    if (loudness(samples, at) < audible) continue;
    const sounding = pitches.flatMap((hertz, beep) =>
      toneLevel(samples, at, hertz / rate) >= half ? [beep] : [],
    );
    for (const beep of sounding) {
      const known = open.get(beep);
      if (known) known.toMs = ms;
      else open.set(beep, { beep, fromMs: ms, toMs: ms });
    }
    const last = noises.at(-1);
    if (sounding.length > 0) continue;
    if (last && ms - last.toMs <= 2 * hopMs) last.toMs = ms;
    else noises.push({ fromMs: ms, toMs: ms });
  }
  close(Number.POSITIVE_INFINITY);
  return { beeps, noises: noises.filter(({ fromMs, toMs }) => toMs - fromMs >= leastNoiseMs) };
}

function loudness(samples: Float32Array, from: number): number {
  let power = 0;
  for (let index = from; index < from + window; index++) power += (samples[index] ?? 0) ** 2;
  return Math.sqrt(power / window);
}

/** Amplitude of one frequency (cycles a sample), by Goertzel's recurrence. */
function toneLevel(samples: Float32Array, from: number, frequency: number): number {
  const turn = 2 * Math.cos(2 * Math.PI * frequency);
  let last = 0;
  let beforeLast = 0;
  for (let index = from; index < from + window; index++) {
    const next = (samples[index] ?? 0) + turn * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  const power = last * last + beforeLast * beforeLast - turn * last * beforeLast;
  return (2 * Math.sqrt(Math.max(0, power))) / window;
}
