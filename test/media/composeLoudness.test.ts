import path from "node:path";
import { describe, expect, it } from "vitest";
import { defaultLoop, type MediaLoop } from "../../src/synth/media/mediaLoop.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { buildCapture } from "./support/captureBuilder.ts";
import type { Publication } from "./support/captureScript.ts";
import { composeCapture, jobFor } from "./support/captureStudio.ts";
import { ffmpegInstalled, type Heard, listenTo } from "./support/loudnessMeter.ts";
import { soundPackets } from "./support/soundPackets.ts";
import { randomOf, square, voice } from "./support/voices.ts";

const target = -18;
/** What is said of a level by who says nothing of it; nothing here may depend on it. */
const unsaid = -127;

type Sound = (index: number) => number;
type Stretch = Partial<Publication> & { sound: Sound; fromMs: number; toMs: number };

/** Composes the sound of people of whom each has sound of their own. */
async function heardOf(stretches: Stretch[]): Promise<(stretch?: Stretch) => Heard> {
  const captureDir = path.join(await scratchFolder("connvo-media-"), "capture");
  const publications = stretches.map(({ sound, ...stretch }, index) => {
    const seconds = (stretch.toMs - stretch.fromMs) / 1000;
    const media: MediaLoop = {
      ...{ spec: { ...defaultLoop, seconds }, video: [] },
      audio: soundPackets(seconds, sound, unsaid),
    };
    return { participant: `p${index}`, media, only: "audio" as const, ...stretch };
  });
  const durationMs = Math.max(...stretches.map(({ toMs }) => toMs));
  await buildCapture(captureDir, { durationMs, publications });
  await composeCapture(captureDir, { audioOnly: true });
  const { output } = jobFor(captureDir, { audioOnly: true });
  return (stretch) => listenTo(output, stretch);
}

describe.skipIf(!ffmpegInstalled)("people in a composed file", () => {
  it("are equally loud, although one is 15 dB quieter than the others and one shouts", async () => {
    const levels = [0, -15, 3, 12];
    const turns = levels.map((level, index) => ({
      ...{ sound: voice(110 + 40 * index, level, index) },
      ...{ fromMs: 12_000 * index, toMs: 12_000 * (index + 1) },
    }));
    const heard = await heardOf(turns);
    const loudness = turns.map((turn) => heard(turn).loudness);
    for (const one of loudness) expect(Math.abs(one - target)).toBeLessThan(2);
    expect(Math.max(...loudness) - Math.min(...loudness)).toBeLessThan(2);
    // From the first sentence on.
    const [, quiet] = turns;
    if (quiet) expect(heard({ ...quiet, toMs: quiet.fromMs + 3000 }).loudness).toBeGreaterThan(-21);
  });

  it("are as loud again after a reconnect", async () => {
    const parts = [
      { fromMs: 0, toMs: 10_000 },
      { fromMs: 14_000, toMs: 16_000 },
    ].map((part) => ({ ...part, participant: "a", sound: voice(130, -15) }));
    const heard = await heardOf(parts);
    for (const part of parts) expect(Math.abs(heard(part).loudness - target)).toBeLessThan(2.5);
  });

  it("are not joined by the noise of who says nothing", async () => {
    const random = randomOf(5);
    const hiss = { sound: () => 0.006 * random(), fromMs: 0, toMs: 20_000 };
    const heard = await heardOf([hiss]);
    const level = 20 * Math.log10(0.006 / Math.sqrt(3)) + 3;
    expect(Math.abs(heard().loudness - level)).toBeLessThan(3);
    expect(heard().loudness).toBeLessThan(-40);
  });

  it("keep a shared film below them and its quiet scenes quiet", async () => {
    const scenes = [voice(90, 8), voice(90, -18)] as const;
    const film: Stretch = {
      ...{ participant: "a", source: "screen", fromMs: 0, toMs: 30_000 },
      sound: (index) => scenes[index < 15 * 48_000 ? 0 : 1](index),
    };
    const heard = await heardOf([film]);
    const [loud, quiet] = [heard({ ...film, toMs: 14_000 }), heard({ ...film, fromMs: 20_000 })];
    expect(Math.abs(loud.loudness - target)).toBeLessThan(2);
    expect(quiet.loudness).toBeLessThan(-30);
  });
});

/** Eight at once with their own sound, for some seconds. */
const eight = (sound: (participant: number) => Sound, toMs = 5000): Stretch[] =>
  Array.from({ length: 8 }, (_, index) => ({ sound: sound(index), fromMs: 0, toMs }));

const random = randomOf(11);
const hot: Record<string, Stretch[]> = {
  "square waves": eight((index) => square(110 + 77 * index, 1)),
  "one square wave": eight(() => square(997, 1)),
  "white noise": eight(() => random),
  "noise of two values": eight(() => () => Math.sign(random())),
  clicks: eight((index) => (at) => ((at + 900 * index) % 9001 < 3 ? 1 : 0.01 * random())),
  "clipped voices": eight((index) => voice(100 + 23 * index, 40, index)),
  beats: eight((index) => (at) => (at % 12_000 < 3000 ? square(60 + index, 1)(at) : 0)),
  "sudden shouting": eight((index) => {
    const [calm, wild] = [voice(120 + 11 * index, -20, index), voice(160 + 17 * index, 30, index)];
    return (at) => (at < 4 * 48_000 ? calm : wild)(at);
  }, 8000),
};

describe.skipIf(!ffmpegInstalled)("the true peak of a composed file", () => {
  it.each(Object.keys(hot))("is at most −1 dBTP: %s", async (name) => {
    const heard = await heardOf(hot[name] ?? []);
    expect(heard().truePeak).toBeLessThanOrEqual(-1);
    expect(heard().truePeak).toBeGreaterThan(-14);
  });
});
