import { sampleRate } from "../../core/media.ts";
import { framesPerSecond } from "../../core/picture/geometry.ts";

/**
 * A stretch of a rendition that is encoded by itself: pictures `fromFrame` up to `toFrame`. Both are multiples of
 * `alignment`, but for the last one's end.
 */
export interface Slice {
  fromFrame: number;
  toFrame: number;
  /** The last: it also has the sound up to the very end. */
  last: boolean;
}

/** Pictures after which a whole number of AAC frames (1024 samples) has passed too: 25 of them. */
export const alignment = 16;
/** 16 s: whole seconds, and every second key frame of one pass falls on a border. */
const sliceFrames = 480;
/** 64 s: starting a process costs more than composing a quarter of it. */
const soundSliceFrames = 4 * sliceFrames;
/** Less, some 4 s, is not worth a process of its own. */
const leastFrames = 8 * alignment;

/** Length of the slices composed while a recording runs, frames. */
export function sliceLength(audioOnly: boolean): number {
  return audioOnly ? soundSliceFrames : sliceFrames;
}

/** Time of a picture on the timeline, ms. */
export function frameMs(frame: number): number {
  return (frame * 1000) / framesPerSecond;
}

/** Sample at which a picture begins. */
export function frameSample(frame: number): number {
  return (frame * sampleRate) / framesPerSecond;
}

/** Pictures of a whole timeline. */
export function frameCount(durationMs: number): number {
  return Math.max(1, Math.round((durationMs * framesPerSecond) / 1000));
}

/** Name of a slice's file. */
export function sliceName({ fromFrame, toFrame, last }: Slice): string {
  const digits = (frame: number) => String(frame).padStart(8, "0");
  return `${digits(fromFrame)}-${digits(toFrame)}${last ? "-last" : ""}.slice`;
}

/** The slice a file's name stands for; undefined for another file. */
export function sliceOfName(name: string): Slice | undefined {
  const [, from, to, last] = /^(\d{8})-(\d{8})(-last)?\.slice$/.exec(name) ?? [];
  if (from === undefined || to === undefined) return undefined;
  return { fromFrame: Number(from), toFrame: Number(to), last: last !== undefined };
}

/** The first slices of a running recording that are not there yet, of those that end by `settledMs`. Pure. */
export function dueSlices(
  present: readonly Slice[],
  settledMs: number,
  length: number,
  most: number,
): Slice[] {
  const due: Slice[] = [];
  for (let from = 0; due.length < most && frameMs(from + length) <= settledMs; from += length)
    if (!present.some(({ fromFrame, toFrame }) => fromFrame === from && toFrame === from + length))
      due.push({ fromFrame: from, toFrame: from + length, last: false });
  return due;
}

/**
 * All slices of a finished recording in order: those present where they fit, the rest cut so that `parallel` workers
 * end at about the same time. Pure.
 */
export function wholePlan(
  present: readonly Slice[],
  total: number,
  length: number,
  parallel: number,
): Slice[] {
  const usable = present
    .filter(({ toFrame, last }) => (last ? toFrame === total : toFrame < total))
    .sort((a, b) => a.fromFrame - b.fromFrame || b.toFrame - a.toFrame);
  const plan: Slice[] = [];
  for (let at = 0; at < total; at = plan.at(-1)?.toFrame ?? total) {
    const here = usable.find(({ fromFrame }) => fromFrame === at);
    const next = usable.find(({ fromFrame }) => fromFrame > at)?.fromFrame;
    if (here) plan.push(here);
    else plan.push(...cut(at, next ?? total, { length, parallel, last: next === undefined }));
  }
  return plan;
}

function cut(
  from: number,
  to: number,
  { length, parallel, last }: { length: number; parallel: number; last: boolean },
): Slice[] {
  const share = Math.ceil((to - from) / parallel / alignment) * alignment;
  const step = Math.min(length, Math.max(leastFrames, share));
  const slices: Slice[] = [];
  for (let at = from; at < to; at += step)
    slices.push({ fromFrame: at, toFrame: Math.min(to, at + step), last: false });
  const end = slices.at(-1);
  if (end) end.last = last;
  return slices;
}
