import { beforeAll, describe, expect, it } from "vitest";
import { describeCapture } from "../../src/media/format/describe.ts";
import { findBeeps, pitchOf } from "../../src/synth/media/beep.ts";
import type { MediaLoop } from "../../src/synth/media/mediaLoop.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { loop } from "./support/captureFixtures.ts";
import type { CaptureScript } from "./support/captureScript.ts";
import { counterAt, film, preview, type Scenes } from "./support/captureStudio.ts";

const frames = 240;
let media: MediaLoop[];

beforeAll(async () => {
  media = [await loop(0), await loop(1), await loop(2)];
});

const of = (index: number) => {
  const found = media[index];
  if (!found) throw new Error(`no media ${index}`);
  return found;
};
const folder = () => scratchFolder("connvo-media-");
const beepsOf = ({ samples }: Scenes, participant: number) =>
  findBeeps(samples, 48_000, pitchOf(participant));

describe("a paused recording", () => {
  /** Paused from 4 to 9.5 s; b is there only meanwhile. */
  const script = (): CaptureScript => ({
    durationMs: 14_500,
    pauses: [{ fromMs: 4000, toMs: 9500 }],
    publications: [
      {
        participant: "a",
        media: of(0),
        fromMs: 0,
        toMs: 14_500,
        audioDelayMs: 20,
        videoDelayMs: 60,
      },
      { participant: "b", media: of(1), fromMs: 4500, toMs: 9000 },
    ],
  });

  it("is as long as what was recorded, with neither picture nor sound of the pause", async () => {
    const dir = await folder();
    const seen = await film(dir, script(), { tiles: () => 1 });
    expect(Math.abs(seen.probe.durationMs - 9000)).toBeLessThanOrEqual(100);
    expect(seen.probe.problems).toEqual([]);
    expect(await describeCapture(`${dir}/capture`)).toMatchObject({
      ...{ durationMs: 9000, gaps: [] },
      pauses: [{ atMs: 4000, durationMs: 5500 }],
    });
    expect(beepsOf(seen, 1)).toEqual([]);
    const marks = seen.marks(0);
    for (const { mark } of marks) expect(mark.colour).not.toBe(1);
    // The counter jumps once, over the pause, and shows nothing of it.
    for (const { ms, mark } of marks) {
      if (mark.counter === undefined) continue;
      const atMs = ms < 4000 ? ms : ms + 5500;
      // Until the first keyframe after the pause there is no picture, 1 s at most.
      if (ms > 3900 && ms < 5000) {
        const inPause =
          mark.counter > counterAt(4000, 0, frames) &&
          mark.counter < counterAt(9400, 0, frames) - frames;
        expect(inPause).toBe(false);
        continue;
      }
      const off = Math.abs(mark.counter - counterAt(atMs, 0, frames)) % frames;
      expect(Math.min(off, frames - off)).toBeLessThanOrEqual(3);
    }
  });

  it("has sound and picture together after the pause", async () => {
    const seen = await preview(await folder(), script(), { tiles: () => 1 });
    const beeps = beepsOf(seen, 0);
    // At 0, 1, 2, 3 s; then those of 10, 11, 12, 13, 14 s, 5.5 s earlier.
    const expected = [0, 1000, 2000, 3000, 4500, 5500, 6500, 7500, 8500];
    expect(beeps).toHaveLength(expected.length);
    expected.forEach((ms, index) => {
      expect(Math.abs((beeps[index] ?? -1) - ms)).toBeLessThan(60);
    });
    const marks = seen.marks(0);
    const flashes = marks
      .filter(({ mark }, index) => mark.flash && !(marks[index - 1]?.mark.flash ?? false))
      .map(({ ms }) => ms)
      .filter((ms) => ms > 5000);
    expect(flashes.length).toBeGreaterThanOrEqual(3);
    for (const flash of flashes)
      expect(Math.min(...beeps.map((beep) => Math.abs(beep - flash)))).toBeLessThanOrEqual(60);
  });

  it("has the sound of everything but the pause alone, too", async () => {
    const seen = await film(await folder(), script(), { audioOnly: true });
    expect(Math.abs(seen.probe.durationMs - 9000)).toBeLessThanOrEqual(100);
    expect(beepsOf(seen, 0)).toHaveLength(9);
    expect(beepsOf(seen, 1)).toEqual([]);
  });
});

describe("a shared screen", () => {
  it("is the large tile while it is shared, its sound is mixed in, and it may stand still", async () => {
    const script: CaptureScript = {
      durationMs: 10_000,
      publications: [
        { participant: "a", media: of(0), fromMs: 0, toMs: 10_000 },
        { participant: "b", media: of(1), fromMs: 0, toMs: 10_000 },
        {
          ...{ participant: "a", source: "screen", media: of(2), fromMs: 2500, toMs: 8000 },
          silences: [{ kind: "video", fromMs: 3000, toMs: 7000 }],
        },
      ],
    };
    const tiles = (ms: number) => (ms >= 2500 && ms < 8000 ? 3 : 2);
    const dir = await folder();
    const before = await preview(dir, script, { tiles });
    expect([0, 1].map((tile) => before.mark(1500, tile).colour)).toEqual([0, 1]);
    expect(before.mark(9000, 0).colour).toBe(0);
    const seen = await preview(dir, script, { tiles, layout: "spotlight" });
    for (const ms of [2800, 5800, 7600])
      expect([0, 1, 2].map((tile) => seen.mark(ms, tile).colour)).toEqual([2, 0, 1]);
    // The encoder makes a loop's very first beep louder than all others, which would not count beside it.
    const later = seen.samples.subarray(3 * 48_000);
    expect(findBeeps(later, 48_000, pitchOf(2))).toHaveLength(5);
    const alone = await preview(dir, script, { layout: "single-participant", tiles: () => 1 });
    expect([2800, 5800].map((ms) => alone.mark(ms, 0).colour)).toEqual([2, 2]);
    expect(alone.mark(9000, 0).colour).not.toBe(2);
  });
});
