import { hopMs, loudnessOf, powerOf } from "./loudnessMeter.ts";
import { slidingMinimum } from "./slidingWindow.ts";

/**
 * How loud everybody shall be, LUFS: what AES TD1008 recommends for streamed speech. Under the ceiling of the limiter there
 * is then room for the peaks of a voice, and two who speak at once; at −23 (EBU R128, broadcast) a laptop is too quiet.
 */
export const targetLoudness = -18;

/** How one kind of source is levelled. */
export interface Levelling {
  /** Sound within this time decides, s of sound: old sound is forgotten, silence forgets nothing. */
  memorySeconds: number;
  /** Bounds of the gain, dB. */
  least: number;
  most: number;
}

/** People: as loud as each other. */
export const ofVoices: Levelling = { memorySeconds: 15, least: -12, most: 18 };
/** Films and music on a screen: as loud as people on the whole, their quiet scenes quiet. */
export const ofScreens: Levelling = { memorySeconds: 60, least: -12, most: 6 };

/** Where nothing is sent, or nothing can be heard, LUFS. */
const nothing = powerOf(-70);
/** Quieter than this is silence, LUFS. */
const silence = powerOf(-55);
/** Quieter than this it has to come and go as speech does; steady it is noise, LUFS. */
const surelyMeant = powerOf(-40);
/** What comes and goes is at times this much quieter within seconds. */
const swing = 10 ** (6 / 10);
/** Quieter than somebody's speech by this much is not their speech. */
const background = 10 ** (-18 / 10);
/** Nothing counts as louder than somebody's speech by more than this: a laugh, a bump. */
const outburst = 10;
/** Who talks in the background for long has moved away: their level is forgotten at this rate, s. */
const forgetSeconds = 120;
/** After so much sound a level is trusted, s. */
const trustedSeconds = 0.8;

const hopSeconds = hopMs / 1000;
/** Hops: what is looked at before and after a moment to tell speech from noise, … */
const [swingBehind, swingAhead] = [40, 15];
/** … how far ahead a level is known, so that first words are not too quiet, … */
const levelAhead = 20;
/** … how long before and after sound it is raised, … */
const [raisedBefore, raisedAfter] = [10, 20];
/** … and to each side of it, over what gains are averaged. */
const averaged = 3;

/** A gain depends on the sound up to so much later, ms, and on all that was before. */
export const levelAheadMs = hopMs * (levelAhead + swingAhead + 2 + averaged);

/** What is known of somebody's loudness. */
export interface Level {
  /** Power times seconds, and seconds, of their sound. */
  energy: number;
  seconds: number;
}

export const unknownLevel: Level = { energy: 0, seconds: 0 };

/** Levels at each hop, and whether there is sound worth raising; a level is that after the hop. */
interface Course {
  levels: Level[];
  sounding: boolean[];
}

/** What becomes of a level over the hops of a track up to `hops`. Pure. */
export function levelAfter(
  powers: Float32Array,
  before: Level,
  levelling: Levelling,
  hops: number,
): Level {
  if (hops <= 0) return before;
  const { levels } = courseOf(powers, before, levelling);
  return levels[Math.min(hops, levels.length) - 1] ?? before;
}

/**
 * Gains of a track for each hop, dB, from the K-weighted powers of its hops and what was known before it. They come up
 * slowly and go down faster, leave noise and silence as they are, and change nothing within a sentence. Pure.
 */
export function gainsOf(powers: Float32Array, before: Level, levelling: Levelling): Float32Array {
  const { levels, sounding } = courseOf(powers, before, levelling);
  const last = levels.length - 1;
  const wanted = levels.map((_, hop) =>
    gainOf(levels[Math.min(hop + levelAhead, last)] ?? before, levelling),
  );
  const raised = dilated(sounding);
  return smooth(wanted.map((gain, hop) => (raised[hop] ? gain : Math.min(0, gain))));
}

function gainOf({ energy, seconds }: Level, { least, most }: Levelling): number {
  if (seconds === 0) return 0;
  const missing = targetLoudness - loudnessOf(energy / seconds);
  return Math.min(most, Math.max(least, missing)) * Math.min(1, seconds / trustedSeconds);
}

function courseOf(powers: Float32Array, before: Level, levelling: Levelling): Course {
  const momentary = momentaryPowers(powers);
  const floors = floorsOf(powers);
  const course: Course = { levels: [], sounding: [] };
  let level = before;
  momentary.forEach((power, hop) => {
    const meant =
      power > silence && (power > surelyMeant || power > swing * (floors[hop] as number));
    const isBehind = level.seconds >= trustedSeconds && power < background * powerAt(level);
    if (meant) level = isBehind ? forgotten(level) : heard(level, power, levelling);
    course.levels.push(level);
    course.sounding.push(meant && !isBehind);
  });
  return course;
}

const powerAt = ({ energy, seconds }: Level) => energy / seconds;

function heard(level: Level, power: number, { memorySeconds }: Levelling): Level {
  const trusted = level.seconds >= trustedSeconds;
  const counted = trusted ? Math.min(power, outburst * powerAt(level)) : power;
  const kept = Math.exp(-hopSeconds / memorySeconds);
  return {
    energy: level.energy * kept + counted * hopSeconds,
    seconds: level.seconds * kept + hopSeconds,
  };
}

function forgotten({ energy, seconds }: Level): Level {
  return { energy: energy * Math.exp(-hopSeconds / forgetSeconds), seconds };
}

/** Power over 400 ms around each hop. */
function momentaryPowers(powers: Float32Array): Float64Array {
  return Float64Array.from(powers, (power, hop) => {
    const [before = 0, after = 0, later = 0] = [powers[hop - 1], powers[hop + 1], powers[hop + 2]];
    return (before + power + after + later) / 4;
  });
}

/**
 * The lowest power of the hops around each, of those within sound: where sound is switched on or off, as by who mutes
 * themselves, noise would seem to come and go.
 */
function floorsOf(powers: Float32Array): Float64Array {
  const padded = new Float64Array(swingBehind + powers.length + swingAhead);
  padded.fill(Number.POSITIVE_INFINITY);
  const sounds = (hop: number) => (powers[hop] ?? 0) > nothing;
  powers.forEach((power, hop) => {
    if (sounds(hop - 1) && sounds(hop) && sounds(hop + 1)) padded[swingBehind + hop] = power;
  });
  return slidingMinimum(padded, swingBehind + 1 + swingAhead);
}

function dilated(sounding: boolean[]): boolean[] {
  const raised = sounding.map(() => false);
  sounding.forEach((sounds, hop) => {
    if (sounds) raised.fill(true, Math.max(0, hop - raisedBefore), hop + raisedAfter + 1);
  });
  return raised;
}

/** Averages over neighbours; beyond both ends the outermost goes on. */
function smooth(gains: number[]): Float32Array {
  const last = gains.length - 1;
  return Float32Array.from(gains, (_, hop) => {
    let sum = 0;
    for (let at = hop - averaged; at <= hop + averaged; at++)
      sum += gains[Math.min(last, Math.max(0, at))] ?? 0;
    return sum / (2 * averaged + 1);
  });
}
