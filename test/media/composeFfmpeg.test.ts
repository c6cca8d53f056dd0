import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { constants, Frame } from "../../src/media/render/decode/nodeAv.ts";
import { Canvas } from "../../src/media/render/picture/canvas.ts";
import { PictureScaler } from "../../src/media/render/picture/pictureScaler.ts";
import { findBeeps, pitchOf } from "../../src/synth/media/beep.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { loop } from "./support/captureFixtures.ts";
import { film } from "./support/captureStudio.ts";

const installed = spawnSync("ffmpeg", ["-version"]).status === 0;

describe("a system ffmpeg as encoder", () => {
  it("gives the same picture and sound", async (context) => {
    if (!installed) return context.skip("ffmpeg is not installed");
    const folder = await scratchFolder("connvo-media-");
    const publications = [await loop(0), await loop(1)].map((media, index) => ({
      ...{ participant: `p${index}`, media, fromMs: 0, toMs: 4000 },
    }));
    const whole = { durationMs: 4000, publications };
    for (const audioOnly of [false, true]) {
      const plain = await film(folder, whole, { composer: "ffmpeg", audioOnly, tiles: () => 2 });
      const own = await film(folder, whole, { audioOnly, tiles: () => 2 });
      expect(plain.probe).toMatchObject({ problems: [], faststart: true, audio: own.probe.audio });
      expect(plain.probe.video).toEqual(own.probe.video);
      const beeps = (samples: Float32Array) => findBeeps(samples, 48_000, pitchOf(0));
      expect(beeps(plain.samples)).toHaveLength(4);
      beeps(plain.samples).forEach((at, index) => {
        expect(Math.abs(at - (beeps(own.samples)[index] ?? 0))).toBeLessThan(2);
      });
      if (!audioOnly)
        for (const tile of [0, 1]) expect(plain.mark(2500, tile)).toEqual(own.mark(2500, tile));
    }
  });
});

describe("a full-range source", () => {
  it("is brought to the limited range of the output", () => {
    const canvas = new Canvas({ width: 64, height: 36 });
    const scaler = new PictureScaler(canvas);
    const white = (
      format: typeof constants.AV_PIX_FMT_YUV420P | typeof constants.AV_PIX_FMT_YUVJ420P,
      luma: number,
    ) => {
      const pixels = Buffer.alloc((128 * 72 * 3) / 2, 128).fill(luma, 0, 128 * 72);
      const frame = Frame.fromVideoBuffer(pixels, {
        ...{ width: 128, height: 72, format, timeBase: { num: 1, den: 30 }, pts: 0n },
      });
      scaler.draw(frame, { x: 0, y: 0, width: 64, height: 36 });
      frame.free();
      return canvas.data[32 * 18];
    };
    expect(white(constants.AV_PIX_FMT_YUV420P, 235)).toBe(235);
    expect(Math.abs((white(constants.AV_PIX_FMT_YUVJ420P, 255) ?? 0) - 235)).toBeLessThanOrEqual(1);
    expect(Math.abs((white(constants.AV_PIX_FMT_YUVJ420P, 0) ?? 0) - 16)).toBeLessThanOrEqual(1);
    scaler.close();
  });
});
