import { beforeAll, describe, expect, it } from "vitest";
import type { MediaLoop } from "../../src/synth/media/mediaLoop.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { loop } from "./support/captureFixtures.ts";
import type { CaptureScript } from "./support/captureScript.ts";
import { counterAt, film, preview } from "./support/captureStudio.ts";

let media: MediaLoop[];
const frames = 240;

beforeAll(async () => {
  media = [];
  for (let participant = 0; participant < 4; participant++) media.push(await loop(participant));
});

const of = (index: number) => {
  const found = media[index];
  if (!found) throw new Error(`no media ${index}`);
  return found;
};
const folder = () => scratchFolder("connvo-media-");
const everybody = (durationMs: number, count: number): CaptureScript => ({
  durationMs,
  publications: Array.from({ length: count }, (_, index) => ({
    ...{ participant: `p${index}`, media: of(index), fromMs: 100 * index, toMs: durationMs },
  })),
});

describe("grid", () => {
  it.each(["360p", "720p", "1080p"] as const)(
    "shows everybody at their place in %s",
    async (quality) => {
      const seen = await film(await folder(), everybody(2500, 4), { quality });
      for (const ms of [600, 1300, 2200])
        for (let tile = 0; tile < 4; tile++) {
          const { colour, counter = -9 } = seen.mark(ms, tile);
          expect(colour).toBe(tile);
          expect(Math.abs(counter - counterAt(ms, 100 * tile, frames))).toBeLessThanOrEqual(1);
        }
      expect(seen.probe.problems).toEqual([]);
      expect(seen.probe.video).toMatchObject({ codec: "h264", frameRate: 30, frames: 75 });
    },
  );

  it("makes room for late joiners and closes up behind leavers", async () => {
    const script: CaptureScript = {
      durationMs: 6000,
      publications: [
        { participant: "stays", media: of(0), fromMs: 0, toMs: 6000 },
        { participant: "leaves", media: of(1), fromMs: 0, toMs: 4000 },
        { participant: "comes", media: of(2), fromMs: 2000, toMs: 6000 },
      ],
    };
    const tiles = (ms: number) => (ms > 2000 && ms < 4000 ? 3 : 2);
    const seen = await preview(await folder(), script, { tiles });
    const colours = (ms: number) =>
      Array.from({ length: tiles(ms) }, (_, tile) => seen.mark(ms, tile).colour);
    expect(colours(1000)).toEqual([0, 1]);
    expect(colours(3000)).toEqual([0, 1, 2]);
    expect(colours(5000)).toEqual([0, 2]);
  });

  it("shows every picture once: no frame is dropped or doubled", async () => {
    const seen = await preview(await folder(), everybody(4000, 1));
    const counters = seen.marks(0).map(({ mark }) => mark.counter);
    expect(counters).toEqual(counters.map((_, index) => index % frames));
  });

  it("ends someone who vanished without a word, with no frozen picture", async () => {
    const [first, second] = everybody(6000, 2).publications;
    if (!first || !second) throw new Error("two publications");
    const script = {
      durationMs: 6000,
      publications: [first, { ...second, toMs: 3000, ending: "abrupt" as const }],
    };
    const seen = await preview(await folder(), script, { tiles: (ms) => (ms < 3100 ? 2 : 1) });
    expect([0, 1].map((tile) => seen.mark(2500, tile).colour)).toEqual([0, 1]);
    expect(seen.mark(3500, 0).colour).toBe(0);
  });
});

describe("spotlight and single participant", () => {
  /** The first talks until 4 s, then the second. */
  const conversation = (): CaptureScript => ({
    durationMs: 9000,
    publications: [0, 1, 2].map((index) => ({
      ...{ participant: `p${index}`, media: of(index), fromMs: 0, toMs: 9000 },
      silences: [
        { kind: "audio", fromMs: index === 0 ? 4000 : 0, toMs: index === 1 ? 4000 : 9000 } as const,
      ],
    })),
  });
  // Beeps are 100 ms a second: to the speaker detection that is a voice with long pauses.
  const speech = (): CaptureScript => {
    const script = conversation();
    for (const one of script.publications) one.steadyLevelDbov = -20;
    return script;
  };

  it("shows the speaker large and the others beside", async () => {
    const seen = await preview(await folder(), speech(), { layout: "spotlight" });
    const colours = (ms: number) => [0, 1, 2].map((tile) => seen.mark(ms, tile).colour);
    expect(colours(3000)).toEqual([0, 1, 2]);
    expect(colours(8000)).toEqual([1, 0, 2]);
  });

  it("shows only the speaker", async () => {
    const wanted = { layout: "single-participant", tiles: () => 1 } as const;
    const seen = await preview(await folder(), speech(), wanted);
    expect([3000, 8000].map((ms) => seen.mark(ms, 0).colour)).toEqual([0, 1]);
  });
});
