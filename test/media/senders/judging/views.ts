import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { canvasSize } from "../../../../src/core/picture/geometry.ts";
import { tileRects } from "../../../../src/core/picture/layout.ts";
import { playbackOf, type StoredTrack } from "../../../../src/media/format/playback.ts";
import { MediaClock } from "../../../../src/media/format/time/mediaClock.ts";
import { loadTimeline } from "../../../../src/media/format/timeline/timeline.ts";
import { readView, viewTrack } from "../../../../src/media/format/track/trackView.ts";
import { composeRendition } from "../../../../src/media/render/compositor.ts";
import { readPattern } from "../../../../src/synth/picture/pattern.ts";
import { fittedInto, type Picture, type Rect } from "../../../../src/synth/picture/picture.ts";
import { decodeFile } from "../../support/captureOutput.ts";
import { renderCapture } from "../../support/rendered.ts";
import { beepAmplitude, beepCount, pitchOfBeep } from "../content.ts";
import { type Heard, listen } from "./ear.ts";

/** What somebody sees and hears of one sender; times are ms of the recording. */
export interface View extends Heard {
  name: "file" | "player" | "track";
  /** Pictures in their order with the time from which each is shown; undefined: something else than the sender's picture. */
  pictures: { ms: number; counter: number | undefined }[];
  /** Of the whole recording. */
  durationMs?: number;
  /** What could not be looked at, with why. */
  broken: string[];
}

const widescreen = 16 / 9;
/** In the file everybody is as loud as each other. */
const levelledAmplitude = 0.18;
const pitchesOf = (participant: number) =>
  Array.from({ length: beepCount }, (_, beep) => pitchOfBeep(participant, beep));

const look = { layout: "grid", quality: "360p", audioOnly: false } as const;

/** Composes a capture beside it and looks at the file. */
export async function fileViews(captureDir: string, participants: number[]): Promise<View[]> {
  const output = path.join(path.dirname(captureDir), "recording.mp4");
  const { probe } = await composeRendition({
    ...{ captureDir, output, ...look },
    ...{ composer: "node-av", threads: 1 },
  });
  const { durationMs, problems } = probe;
  const eyes = new Eyes(participants);
  const { samples } = decodeFile(output, eyes.see);
  return eyes.views(samples, { durationMs, broken: problems });
}

/** What `fileViews` would find, without the time that encoding takes. */
export async function renderedViews(captureDir: string, participants: number[]): Promise<View[]> {
  const eyes = new Eyes(participants);
  const { samples, durationMs } = await renderCapture(captureDir, look, eyes.see);
  return eyes.views(samples, { durationMs, broken: [] });
}

/** Looks for everybody in each picture. */
class Eyes {
  readonly #participants: number[];
  readonly #tiles: Rect[];
  readonly #pictures: View["pictures"][];

  constructor(participants: number[]) {
    this.#participants = participants;
    this.#tiles = tilesFor(participants.length);
    this.#pictures = participants.map(() => []);
  }

  see = (picture: Picture, ms: number): void => {
    this.#participants.forEach((participant, index) => {
      const counter = counterIn(picture, this.#tiles, participant);
      this.#pictures[index]?.push({ ms, counter });
    });
  };

  views(samples: Float32Array, rest: Pick<View, "broken"> & { durationMs: number }): View[] {
    const heard = listen(samples, this.#participants.flatMap(pitchesOf), levelledAmplitude);
    return this.#participants.map((_participant, index) => ({
      ...{ name: "file", ...rest, pictures: this.#pictures[index] ?? [], noises: heard.noises },
      beeps: heard.beeps
        .filter(({ beep }) => Math.floor(beep / beepCount) === index)
        .map((one) => ({ ...one, beep: one.beep % beepCount })),
    }));
  }
}

/** Where a picture can be, as many as there are people at a time. */
function tilesFor(people: number): Rect[] {
  const counts = Array.from({ length: people }, (_, index) => index + 1);
  return counts.flatMap((count) =>
    tileRects("grid", count, canvasSize("360p")).map((tile) => fittedInto(tile, widescreen)),
  );
}

function counterIn(picture: Picture, tiles: Rect[], participant: number): number | undefined {
  for (const tile of tiles) {
    const { colour, counter } = readPattern(picture, tile);
    if (colour === participant && counter !== undefined) return counter;
  }
  return undefined;
}

interface DecodedTrack {
  track: StoredTrack;
  pictures: View["pictures"];
  samples: Float32Array;
}

/** What the player makes of a capture's tracks, and what each of them shows by itself. */
export async function trackViews(
  captureDir: string,
  participant: string,
  index: number,
): Promise<View[]> {
  const { tracks, durationMs } = playbackOf(await loadTimeline(captureDir));
  const broken: string[] = [];
  const decoded: DecodedTrack[] = [];
  for (const track of tracks.filter(({ participantId }) => participantId === participant)) {
    try {
      decoded.push(await decodeTrack(captureDir, track));
    } catch (error) {
      broken.push(`${track.file}: ${error instanceof Error ? error.message : error}`);
    }
  }
  const byClock = ({ track }: DecodedTrack) => {
    const clock = new MediaClock(track.clock);
    return (mediaMs: number) => clock.at(mediaMs);
  };
  const byItself =
    ({ track }: DecodedTrack) =>
    (mediaMs: number) =>
      new MediaClock(track.clock).at(0) + mediaMs;
  return [
    { name: "player", broken, durationMs, ...seen(decoded, byClock, index) },
    { name: "track", broken, ...seen(decoded, byItself, index) },
  ];
}

async function decodeTrack(captureDir: string, track: StoredTrack): Promise<DecodedTrack> {
  const folder = path.join(path.dirname(captureDir), "tracks");
  await mkdir(folder, { recursive: true });
  const view = await viewTrack(
    path.join(captureDir, track.file),
    track.trackId,
    track.kind === "audio",
  );
  const file = path.join(folder, track.file);
  const whole = { start: 0, end: view.sizeBytes - 1 };
  await pipeline(readView(view, whole), createWriteStream(file));
  const pictures: View["pictures"] = [];
  const { samples } = decodeFile(file, (picture, ms) => {
    pictures.push({ ms, counter: readPattern(picture).counter });
  });
  return { track, pictures, samples };
}

type Placing = (decoded: DecodedTrack) => (mediaMs: number) => number;

function seen(
  decoded: DecodedTrack[],
  placing: Placing,
  index: number,
): Omit<View, "name" | "broken"> {
  const pictures = decoded.flatMap((one) => {
    const at = placing(one);
    const placed = one.pictures.map(({ ms, counter }) => ({ ms: at(ms), counter }));
    // What was sent before the recording began, or went on, is there to decode what follows.
    const before = placed.filter(({ ms }) => ms < one.track.startMs).length;
    return placed
      .slice(Math.max(0, before - 1))
      .map(({ ms, counter }) => ({ ms: Math.max(ms, one.track.startMs), counter }));
  });
  return {
    pictures: pictures.sort((a, b) => a.ms - b.ms),
    ...listen(placed(decoded, placing), pitchesOf(index), beepAmplitude),
  };
}

const rate = 48_000;
/** Sound is put in its place piece by piece. */
const pieceMs = 20;
const piece = (rate * pieceMs) / 1000;

function placed(decoded: DecodedTrack[], placing: Placing): Float32Array {
  const pieces = decoded.flatMap((one) => {
    const at = placing(one);
    return Array.from({ length: Math.ceil(one.samples.length / piece) }, (_, index) => ({
      at: Math.round((at(index * pieceMs) * rate) / 1000),
      samples: one.samples.subarray(index * piece, (index + 1) * piece),
    }));
  });
  const end = pieces.reduce((most, { at, samples }) => Math.max(most, at + samples.length), 0);
  const all = new Float32Array(end);
  for (const { at, samples } of pieces)
    samples.forEach((sample, index) => {
      if (sample !== 0 && at + index >= 0) all[at + index] = sample;
    });
  return all;
}
