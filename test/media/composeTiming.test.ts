import { beforeAll, describe, expect, it } from "vitest";
import { findBeeps, pitchOf } from "../../src/synth/media/beep.ts";
import type { MediaLoop } from "../../src/synth/media/mediaLoop.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { loop } from "./support/captureFixtures.ts";
import { film, preview, type Scenes } from "./support/captureStudio.ts";

let first: MediaLoop;
let second: MediaLoop;

beforeAll(async () => {
  [first, second] = [await loop(0), await loop(1)];
});

const folder = () => scratchFolder("connvo-media-");
const beepsOf = ({ samples }: Scenes, participant: number) =>
  findBeeps(samples, 48_000, pitchOf(participant));

/** When the bar of a tile turns white, ms. */
function flashesOf(seen: Scenes, tile: number): number[] {
  const marks = seen.marks(tile);
  return marks
    .filter(({ mark }, index) => mark.flash && !(marks[index - 1]?.mark.flash ?? false))
    .map(({ ms }) => ms);
}

const median = (values: number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Flash minus beep of the same event, ms. */
function offsets(seen: Scenes, participant: number): number[] {
  const beeps = beepsOf(seen, participant);
  return flashesOf(seen, participant).flatMap((flash) => {
    const beep = beeps.find((at) => Math.abs(at - flash) < 400);
    return beep === undefined ? [] : [flash - beep];
  });
}

describe("sound and picture", () => {
  it("stay together although senders' clocks are wrong and networks differ", async () => {
    const script = {
      durationMs: 24_000,
      publications: [
        {
          ...{ participant: "a", media: first, fromMs: 200, toMs: 24_000 },
          ...{ clockOffsetMs: 123_456, audioDelayMs: 20, videoDelayMs: 220 },
        },
        {
          ...{ participant: "b", media: second, fromMs: 500, toMs: 24_000 },
          ...{ clockOffsetMs: -9_876, driftPpm: 200, audioDelayMs: 90, videoDelayMs: 40 },
        },
      ],
    };
    const seen = await preview(await folder(), script, { tiles: (ms) => (ms < 540 ? 1 : 2) });
    for (const participant of [0, 1]) {
      const found = offsets(seen, participant);
      expect(found.length).toBeGreaterThanOrEqual(20);
      expect(Math.abs(median(found))).toBeLessThanOrEqual(25);
      expect(Math.max(...found.map(Math.abs))).toBeLessThanOrEqual(60);
    }
    const beeps = beepsOf(seen, 0);
    beeps.forEach((at, index) => {
      expect(Math.abs(at - (220 + 1000 * index))).toBeLessThan(15);
    });
    expect(Math.abs(seen.durationMs - 24_000)).toBeLessThanOrEqual(200);
  });

  it("go by arrival where a sender never reports", async () => {
    const seen = await preview(
      await folder(),
      {
        durationMs: 5000,
        publications: [
          { participant: "a", media: first, fromMs: 1000, toMs: 5000, withoutReports: true },
        ],
      },
      { tiles: (ms) => (ms < 1000 ? 0 : 1) },
    );
    const beeps = beepsOf(seen, 0);
    expect(beeps).toHaveLength(4);
    beeps.forEach((at, index) => {
      expect(Math.abs(at - 1000 * (index + 1))).toBeLessThan(15);
    });
  });

  it("keep their times over silence that was not sent", async () => {
    const seen = await preview(await folder(), {
      durationMs: 9000,
      publications: [
        {
          ...{ participant: "a", media: first, fromMs: 0, toMs: 9000 },
          silences: [{ kind: "audio", fromMs: 2500, toMs: 5800 }],
        },
      ],
    });
    const expected = [0, 1000, 2000, 6000, 7000, 8000];
    const beeps = beepsOf(seen, 0);
    expect(beeps).toHaveLength(expected.length);
    expected.forEach((ms, index) => {
      expect(Math.abs((beeps[index] ?? -1) - ms)).toBeLessThan(15);
    });
    const gap = seen.samples.subarray(2.7 * 48_000, 5.7 * 48_000);
    expect(gap.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0)).toBeLessThan(0.01);
  });

  it("mix everybody without clipping", async () => {
    const seen = await preview(await folder(), {
      durationMs: 3000,
      publications: [first, second, first, second, first, second].map((media, index) => ({
        ...{ participant: `p${index}`, media, fromMs: 0, toMs: 3000 },
      })),
    });
    expect([beepsOf(seen, 0).length, beepsOf(seen, 1).length]).toEqual([3, 3]);
    const loudest = seen.samples.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0);
    expect(loudest).toBeLessThan(0.9);
  });
});

describe("sound alone", () => {
  it("is an .m4a of the whole length", async () => {
    const script = {
      durationMs: 4000,
      publications: [{ participant: "a", media: first, fromMs: 1000, toMs: 3000 }],
    };
    const seen = await film(await folder(), script, { audioOnly: true });
    expect(seen.file).toMatch(/\.m4a$/);
    expect(seen.probe).toMatchObject({ faststart: true, problems: [], durationMs: 4000 });
    expect(seen.probe.video).toBeUndefined();
    expect(seen.probe.audio).toMatchObject({ codec: "aac", sampleRate: 48_000, channels: 2 });
    expect(beepsOf(seen, 0).map((at) => Math.round(at / 100))).toEqual([10, 20]);
  });
});
