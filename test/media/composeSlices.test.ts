import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { frameMs, frameSample } from "../../src/media/compose/slicePlan.ts";
import { loadTimeline } from "../../src/media/format/timeline/timeline.ts";
import { settleMs } from "../../src/media/format/timeline/trackPlace.ts";
import { soundEnd } from "../../src/media/render/render.ts";
import { blockSamples } from "../../src/media/render/sound/audioMixer.ts";
import type { MediaLoop } from "../../src/synth/media/mediaLoop.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { buildCapture } from "./support/captureBuilder.ts";
import { loop } from "./support/captureFixtures.ts";
import type { CaptureScript } from "./support/captureScript.ts";
import { composeCapture, develop, type Film, jobFor } from "./support/captureStudio.ts";
import { early, largestDifference, sliced, sliceOf, slicesOf, wholeOf } from "./support/slicing.ts";
import { roughness, steadyTone } from "./support/steadyTone.ts";

let media: MediaLoop[];

beforeAll(async () => {
  media = [await loop(0), await loop(1), await loop(2, { codec: "H264" })];
});

const folder = () => scratchFolder("connvo-media-");
const look = { layout: "spotlight", quality: "360p", audioOnly: false } as const;

const pauseMs = 3000;

/** Comings and goings, wrong clocks, late networks, a reconnect, silence and a stalled camera and a pause, over half a minute. */
function meeting(): CaptureScript {
  const [a, b, c] = media as [MediaLoop, MediaLoop, MediaLoop];
  const wrong = { clockOffsetMs: 123_456, driftPpm: 150, audioDelayMs: 20, videoDelayMs: 140 };
  const other = { clockOffsetMs: -9_876, driftPpm: -80, audioDelayMs: 90, videoDelayMs: 40 };
  return {
    durationMs: 32_000 + pauseMs,
    pauses: [{ fromMs: 22_000, toMs: 22_000 + pauseMs }],
    publications: [
      {
        ...{ participant: "a", media: a, fromMs: 200, toMs: 32_000 + pauseMs, ...wrong },
        silences: [{ kind: "audio", fromMs: 12_000, toMs: 15_500 }],
      },
      { participant: "b", media: b, fromMs: 4100, toMs: 14_000, ...other },
      {
        participant: "b",
        media: b,
        fromMs: 16_200,
        toMs: 32_000 + pauseMs,
        ...other,
        clockOffsetMs: 77,
      },
      {
        ...{ participant: "c", media: c, fromMs: 9000, toMs: 27_300, withoutReports: true },
        silences: [{ kind: "video", fromMs: 17_000, toMs: 21_000 }],
      },
    ],
  };
}

describe("slices before they are encoded", () => {
  it("hold the pictures and the sound of one pass, whenever they are composed", async () => {
    const dir = path.join(await folder(), "capture");
    await buildCapture(dir, meeting());
    const whole = await wholeOf(dir, look);
    const slices = slicesOf(whole.pictures.length, 112);
    const pictures: string[] = [];
    for (const slice of slices) {
      const untilMs = frameMs(slice.toFrame) + settleMs + pauseMs + 1000;
      const source = slice.last ? dir : await early(dir, untilMs);
      const part = await sliceOf(source, slice, look);
      pictures.push(...part.pictures);
      const inside = [...part.sound].filter(([at]) => at >= frameSample(slice.fromFrame));
      for (const [at, block] of inside) {
        const one = whole.sound.get(at);
        if (at + blockSamples <= soundEnd(await loadTimeline(dir)))
          expect(largestDifference(block, one), `sound at ${at / 48} ms`).toBeLessThan(0.002);
      }
    }
    const different = pictures.flatMap((hash, at) => (hash === whole.pictures[at] ? [] : [at]));
    expect(different).toEqual([]);
    expect(pictures).toHaveLength(whole.pictures.length);
  });
});

describe("slices joined", () => {
  it("are one file like that of one pass: every picture, sound with it, nothing heard at the borders", async () => {
    const dir = path.join(await folder(), "capture");
    const publications = media.slice(0, 2).map((one, index) => ({
      ...{ participant: `p${index}`, media: one, fromMs: 0, toMs: 9000, audioDelayMs: 30 * index },
    }));
    await buildCapture(dir, { durationMs: 9000, publications });
    const wanted = { quality: "360p" } as const;
    const onePass = develop(jobFor(dir, wanted), await composeCapture(dir, wanted), () => 2);
    const joined = await sliced(dir, 64, wanted);
    const { sizeBytes: _, ...probe } = onePass.probe;
    expect(joined.probe).toMatchObject(probe);
    for (const tile of [0, 1]) expect(joined.marks(tile)).toEqual(onePass.marks(tile));
    expect(joined.samples.length).toBe(onePass.samples.length);
    expect(loudness(difference(joined.samples, onePass.samples))).toBeLessThan(
      0.06 * loudness(onePass.samples),
    );
  });

  it("let a tone go on without a click", async () => {
    const dir = path.join(await folder(), "capture");
    const hertz = 440;
    const tone = { ...(media[0] as MediaLoop), audio: steadyTone(24, hertz) };
    const script = {
      durationMs: 24_000,
      publications: [
        {
          ...({ participant: "a", media: tone, only: "audio", fromMs: 0, toMs: 24_000 } as const),
          ...{ clockOffsetMs: 5000, driftPpm: 120 },
        },
      ],
    };
    await buildCapture(dir, script);
    const wanted = { audioOnly: true };
    const onePass = develop(jobFor(dir, wanted), await composeCapture(dir, wanted), () => 0);
    const joined = await sliced(dir, 64, wanted);
    // The beginning and the end of the tone are clicks.
    const middle = ({ samples }: Film) => samples.subarray(24_000, samples.length - 24_000);
    expect(roughness(middle(onePass), hertz)).toBeLessThan(0.05);
    expect(roughness(middle(joined), hertz)).toBeLessThan(
      1.3 * roughness(middle(onePass), hertz) + 0.001,
    );
  });
});

const difference = (a: Float32Array, b: Float32Array) => a.map((value, at) => value - (b[at] ?? 0));
const loudness = (samples: Float32Array) =>
  Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
