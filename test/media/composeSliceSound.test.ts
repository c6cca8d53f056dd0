import path from "node:path";
import { describe, expect, it } from "vitest";
import { frameCount, frameMs, frameSample } from "../../src/media/compose/slicePlan.ts";
import { loadTimeline } from "../../src/media/format/timeline/timeline.ts";
import { settleMs } from "../../src/media/format/timeline/trackPlace.ts";
import { soundEnd } from "../../src/media/render/render.ts";
import { blockSamples } from "../../src/media/render/sound/audioMixer.ts";
import { readPowers } from "../../src/media/render/sound/powersFile.ts";
import { defaultLoop, type MediaLoop } from "../../src/synth/media/mediaLoop.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { buildCapture } from "./support/captureBuilder.ts";
import type { CaptureScript } from "./support/captureScript.ts";
import { ffmpegInstalled, listenTo } from "./support/loudnessMeter.ts";
import { early, largestDifference, sliced, sliceOf, slicesOf, wholeOf } from "./support/slicing.ts";
import { soundPackets } from "./support/soundPackets.ts";
import { square, voice } from "./support/voices.ts";

const folder = () => scratchFolder("connvo-media-");
const audio = { layout: "grid", quality: "360p", audioOnly: true } as const;
const silence = new Float32Array(2 * blockSamples);

const sound = (seconds: number, at: (index: number) => number): MediaLoop => ({
  ...{ spec: { ...defaultLoop, seconds }, video: [] },
  audio: soundPackets(seconds, at, -127),
});

/** People of all levels, who shout, fall silent and come back, for a minute; too loud together. */
function loudMeeting(): CaptureScript {
  const [calm, wild] = [voice(120, -14, 1), voice(170, 18, 2)];
  const moody = sound(60, (at) => (at % 1_056_000 < 800_000 ? calm : wild)(at));
  const hot = sound(60, (at) => (at % 400_000 < 40_000 ? square(330, 1) : voice(90, 2, 3))(at));
  const quiet = sound(20, voice(210, -20, 4));
  const all = { only: "audio", toMs: 56_000, clockOffsetMs: 777, driftPpm: 100 } as const;
  return {
    durationMs: 56_000,
    publications: [
      { ...all, participant: "a", media: moody, fromMs: 0 },
      {
        ...{ ...all, participant: "b", media: hot, fromMs: 300 },
        silences: [{ kind: "audio", fromMs: 20_000, toMs: 31_000 }],
      },
      { ...all, participant: "c", media: quiet, fromMs: 2000, toMs: 19_000 },
      { ...all, participant: "c", media: quiet, fromMs: 36_000 },
    ],
  };
}

describe("the sound of slices", () => {
  it("is as loud as in one pass, whether or not others were composed before", async () => {
    const dir = path.join(await folder(), "capture");
    await buildCapture(dir, loudMeeting());
    const whole = await wholeOf(dir, audio);
    const end = soundEnd(await loadTimeline(dir));
    const powersIn = path.join(await folder(), "loudness");
    for (const slice of slicesOf(frameCount(56_000), 240)) {
      const source = slice.last ? dir : await early(dir, frameMs(slice.toFrame) + settleMs + 100);
      const parts = [
        await sliceOf(source, slice, audio),
        await sliceOf(source, slice, { ...audio, powersIn }),
      ];
      for (const [at, block] of parts.flatMap(({ sound }) => [...sound]))
        if (at + blockSamples <= Math.min(end, frameSample(slice.toFrame)))
          expect(
            largestDifference(block, whole.sound.get(at)),
            `sound at ${at / 48} ms`,
          ).toBeLessThan(0.002);
    }
    const loudest = [...whole.sound.values()].map((block) => largestDifference(block, silence));
    expect(Math.max(...loudest)).toBeGreaterThan(0.5);
    expect(readPowers(powersIn).size).toBe(4);
  });

  it("stays below −1 dBTP where slices are joined, when all shout", async (context) => {
    if (!ffmpegInstalled) return context.skip("ffmpeg is not installed");
    const dir = path.join(await folder(), "capture");
    const loud = Array.from({ length: 8 }, (_, index) => ({
      ...({ participant: `p${index}`, only: "audio", fromMs: 0, toMs: 8000 } as const),
      media: sound(8, index % 2 === 0 ? square(110 + 77 * index, 1) : voice(150, 30, index)),
    }));
    await buildCapture(dir, { durationMs: 8000, publications: loud });
    const { file } = await sliced(dir, 64, { audioOnly: true });
    expect(listenTo(file).truePeak).toBeLessThanOrEqual(-1);
  });
});
