import { stat } from "node:fs/promises";
import path from "node:path";
import { silentLog } from "../../../src/core/log.ts";
import { canvasSize, framesPerSecond, type Rect } from "../../../src/core/picture/geometry.ts";
import { tileRects } from "../../../src/core/picture/layout.ts";
import { compose } from "../../../src/media/compose/composer.ts";
import type { ComposeJob, ProbeFinding } from "../../../src/media/compose/protocol.ts";
import { type PatternMark, readPattern } from "../../../src/synth/picture/pattern.ts";
import { fittedInto, meanColour, type Picture } from "../../../src/synth/picture/picture.ts";
import { buildCapture } from "./captureBuilder.ts";
import { buildComposeProgram } from "./captureFixtures.ts";
import { decodeFile } from "./captureOutput.ts";
import type { CaptureScript } from "./captureScript.ts";
import { renderCapture } from "./rendered.ts";

export type Wanted = Partial<Omit<ComposeJob, "captureDir" | "output">>;

/** What can be seen and heard at chosen times of what is composed. */
export interface Scenes {
  durationMs: number;
  samples: Float32Array;
  /** What a tile shows at a time (ms), and how wide the picture in it is for its height. */
  mark(ms: number, tile: number, aspect?: number): PatternMark;
  /** Mean colour of a part of the canvas at a time. */
  colour(ms: number, part: Rect): ReturnType<typeof meanColour>;
  /** Marks of one tile over all pictures in which there is such a tile, with their times. */
  marks(tile: number): { ms: number; mark: PatternMark }[];
}

/** A composed file. */
export interface Film extends Scenes {
  file: string;
  probe: ProbeFinding;
}

const widescreen = 16 / 9;
let program: Promise<string> | undefined;

/** The compositor's child process, bundled once per test file. */
export function composeProgram(): Promise<string> {
  program ??= buildComposeProgram();
  return program;
}

export function jobFor(captureDir: string, wanted: Wanted = {}): ComposeJob {
  const job: Omit<ComposeJob, "output"> = {
    ...{ captureDir, layout: "grid", quality: "360p", audioOnly: false },
    ...{ composer: "node-av", threads: 0, ...wanted },
  };
  const name = `${job.layout}-${job.quality}-${job.composer}.${job.audioOnly ? "m4a" : "mp4"}`;
  return { ...job, output: path.join(path.dirname(captureDir), name) };
}

/** Composes a capture in the child process. */
export async function composeCapture(
  captureDir: string,
  wanted: Wanted = {},
): Promise<ProbeFinding> {
  return compose(jobFor(captureDir, wanted), { entry: await composeProgram(), log: silentLog });
}

type Watched = Wanted & {
  /** How many tiles the layout has at a time; otherwise one for each publication. */
  tiles?: (ms: number) => number;
};

/** Writes a capture, composes it and decodes the result. */
export async function film(
  folder: string,
  script: CaptureScript,
  { tiles = () => script.publications.length, ...wanted }: Watched = {},
): Promise<Film> {
  const captureDir = await written(folder, script);
  const probe = await composeCapture(captureDir, wanted);
  return develop(jobFor(captureDir, wanted), probe, tiles);
}

/** Writes a capture, and renders it: what `film` shows, for less than half the time. */
export async function preview(
  folder: string,
  script: CaptureScript,
  { tiles = () => script.publications.length, ...wanted }: Watched = {},
): Promise<Scenes> {
  const job = jobFor(await written(folder, script), wanted);
  const pictures = new Map<number, Picture>();
  const { samples, durationMs } = await renderCapture(job.captureDir, job, (picture, ms) => {
    pictures.set(indexOf(ms), { ...picture, data: Uint8Array.from(picture.data) });
  });
  return { durationMs, ...scenes(job, pictures, samples, tiles) };
}

async function written(folder: string, script: CaptureScript): Promise<string> {
  const captureDir = path.join(folder, "capture");
  if (!(await exists(captureDir))) await buildCapture(captureDir, script);
  return captureDir;
}

/** Decodes a composed file. */
export function develop(job: ComposeJob, probe: ProbeFinding, tiles: (ms: number) => number): Film {
  const pictures = new Map<number, Picture>();
  const { samples } = decodeFile(job.output, (picture, ms) => {
    pictures.set(indexOf(ms), picture);
  });
  const { durationMs } = probe;
  return { file: job.output, probe, durationMs, ...scenes(job, pictures, samples, tiles) };
}

/** `pictures` by their number from zero. */
function scenes(
  job: ComposeJob,
  pictures: Map<number, Picture>,
  samples: Float32Array,
  tiles: (ms: number) => number,
): Omit<Scenes, "durationMs"> {
  const picture = (ms: number) => {
    const found = pictures.get(indexOf(ms));
    if (!found) throw new Error(`no picture at ${ms} ms`);
    return found;
  };
  const rect = (ms: number, tile: number) => {
    const found = tileRects(job.layout, tiles(ms), canvasSize(job.quality))[tile];
    if (!found) throw new Error(`no tile ${tile} at ${ms} ms`);
    return found;
  };
  const mark = (ms: number, tile: number, aspect = widescreen) =>
    readPattern(picture(ms), fittedInto(rect(ms, tile), aspect));
  return {
    ...{ samples, mark },
    colour: (ms, part) => meanColour(picture(ms), part),
    marks: (tile) =>
      [...pictures.keys()]
        .map((index) => (index * 1000) / framesPerSecond)
        .filter((ms) => tile < tiles(ms))
        .map((ms) => ({ ms, mark: mark(ms, tile) })),
  };
}

const indexOf = (ms: number) => Math.round((ms * framesPerSecond) / 1000);

export function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** The counter a loop of `frames` pictures at 30 a second shows in the output picture at `ms`. */
export function counterAt(ms: number, fromMs: number, frames: number): number {
  const middle = ms + 500 / framesPerSecond;
  return Math.floor(((middle - fromMs) * 30) / 1000) % frames;
}
