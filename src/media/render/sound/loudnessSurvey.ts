import { sampleRate } from "../../../core/media.ts";
import type { Timeline, TimelineTrack } from "../../format/timeline/timeline.ts";
import { trackFrames } from "../../format/track/trackExcerpt.ts";
import { GainCurve } from "./gainCurve.ts";
import {
  gainsOf,
  type Level,
  levelAfter,
  levelAheadMs,
  ofScreens,
  ofVoices,
  unknownLevel,
} from "./leveller.ts";
import { hopMs, PowerMeter } from "./loudnessMeter.ts";
import { PacketDecoder } from "./packetDecoder.ts";
import { type Powers, readPowers, writePowers } from "./powersFile.ts";

/** Hops measured from one start of the decoder, always the same ones, so that measures do not depend on who measured. */
const chunkHops = 40;
const chunkMs = chunkHops * hopMs;
/** Opus needs 80 ms to find its feet, ms. */
const leadMs = 200;
/** Silence behind the end of a track, hops. */
const trail = Math.ceil(levelAheadMs / hopMs);
/** Places on the timeline are rounded, and slip behind their clock, ms. */
const marginMs = 200;

/** How each track is turned up or down, by its id. */
export type Gains = ReadonlyMap<string, GainCurve>;

export interface SurveyOptions {
  /** Where measures are kept for the next survey; left out: nowhere. */
  keptIn?: string;
  /** Called between pieces of work of some ten ms. */
  onProgress: () => void;
}

/**
 * Listens to all sound of a timeline up to `untilMs` and a little further, and finds the gains that make everybody equally
 * loud. A gain depends on the media of its track, and of its participant's tracks before, from the beginning to a few
 * seconds later: not on where the timeline is rendered from or to. Tracks that cannot be read have none.
 */
export async function surveyLoudness(
  timeline: Timeline,
  untilMs: number,
  options: SurveyOptions,
): Promise<Gains> {
  const people = timeline.participants.map(({ source, tracks }) => ({
    levelling: source === "screen" ? ofScreens : ofVoices,
    tracks: tracks
      .filter(({ kind, startMs }) => kind === "audio" && startMs < untilMs)
      .sort((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1)),
  }));
  const tracks = people.flatMap((one) => one.tracks);
  const powers = await measure(tracks, untilMs, options);
  const gains = new Map<string, GainCurve>();
  for (const { levelling, tracks: own } of people) {
    let level: Level = unknownLevel;
    own.forEach(({ id, clock }, index) => {
      const heard = withTrail(powers.get(id) ?? new Float32Array());
      gains.set(id, new GainCurve(gainsOf(heard, level, levelling)));
      const next = own[index + 1];
      const hops = next ? Math.floor(clock.mediaAt(next.startMs) / hopMs) : 0;
      level = levelAfter(heard, level, levelling, hops);
    });
  }
  return gains;
}

/** What was heard and the silence behind it, which is the same whether it is known already that the track has ended. */
function withTrail(powers: Float32Array): Float32Array {
  const end = powers.findLastIndex((power) => power > 0) + 1;
  const heard = new Float32Array(end + trail);
  heard.set(powers.subarray(0, end));
  return heard;
}

/** The powers of each track, those that are kept and the rest measured now. */
async function measure(
  tracks: TimelineTrack[],
  untilMs: number,
  { keptIn, onProgress }: SurveyOptions,
): Promise<Powers> {
  const kept = keptIn === undefined ? new Map<string, Float32Array>() : readPowers(keptIn);
  const measured = new Map<string, Float32Array>();
  const settled = new Map<string, Float32Array>();
  for (const track of tracks) {
    const { chunks, whole } = extentOf(track, untilMs);
    const before = kept.get(track.id)?.subarray(0, chunks * chunkHops) ?? new Float32Array();
    const powers = new Float32Array(chunks * chunkHops);
    powers.set(before);
    measured.set(track.id, powers);
    try {
      await measureInto(powers, track.path, before.length / chunkHops, onProgress);
    } catch {
      // What cannot be read is told of when it is mixed.
      continue;
    }
    if (whole * chunkHops > before.length)
      settled.set(track.id, powers.subarray(0, whole * chunkHops));
  }
  if (keptIn !== undefined && settled.size > 0) keep(keptIn, settled);
  return measured;
}

/** Chunks of a track that have to be known, and those of them to which nothing can be added any more. */
function extentOf({ clock, endMs }: TimelineTrack, untilMs: number) {
  const lastMs = Math.min(endMs, untilMs + marginMs + levelAheadMs);
  // However wrong the clock of a sender: no more than the media of that time can be.
  const mediaMs = Math.min(Math.max(0, clock.mediaAt(lastMs)), 2 * lastMs + chunkMs);
  const chunks = Math.ceil(mediaMs / chunkMs);
  return { chunks, whole: endMs <= untilMs ? chunks : Math.floor(mediaMs / chunkMs) };
}

/** Others may have measured meanwhile: nothing is kept for less time than it was. */
function keep(path: string, settled: Powers): void {
  const kept = new Map(readPowers(path));
  for (const [id, powers] of settled)
    if (powers.length > (kept.get(id)?.length ?? 0)) kept.set(id, powers);
  try {
    writePowers(path, kept);
  } catch {
    // It will have to be measured again.
  }
}

/** Measures a track from one of its chunks on; zero where nothing was sent. @throws when it cannot be read */
async function measureInto(
  powers: Float32Array,
  file: string,
  from: number,
  onProgress: () => void,
): Promise<void> {
  if (from * chunkHops >= powers.length) return;
  const decoder = new PacketDecoder(file);
  try {
    for (let chunk = from; chunk * chunkHops < powers.length; chunk++) {
      powers.set(measureChunk(file, decoder, chunk * chunkMs), chunk * chunkHops);
      onProgress();
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    decoder.close();
  }
}

function measureChunk(file: string, decoder: PacketDecoder, fromMs: number): Float32Array {
  const meter = new PowerMeter(chunkHops);
  decoder.restart();
  const range = { fromMs: fromMs - leadMs, toMs: fromMs + chunkMs };
  for (const { ms, data } of trackFrames(file, range)) {
    const sound = decoder.decode(data);
    const position = Math.round(((ms - fromMs) * sampleRate) / 1000);
    if (sound) meter.add(sound.left, sound.right, position);
  }
  return meter.powers;
}
