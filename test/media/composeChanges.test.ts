import { describe, expect, it } from "vitest";
import { canvasSize } from "../../src/core/picture/geometry.ts";
import { describeCapture } from "../../src/media/format/describe.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { buildCapture } from "./support/captureBuilder.ts";
import { loop } from "./support/captureFixtures.ts";
import type { CaptureScript } from "./support/captureScript.ts";
import { film, preview } from "./support/captureStudio.ts";

const folder = () => scratchFolder("connvo-media-");
const canvas = canvasSize("360p");
/** The left rim of the disc with initials: background of the letters, never a letter. */
const disc = { x: canvas.width / 2 - 66, y: canvas.height / 2 - 10, width: 12, height: 20 };

describe("a camera that changes", () => {
  it.each(["VP8", "H264"] as const)("may change its resolution and shape: %s", async (codec) => {
    const seen = await preview(await folder(), {
      durationMs: 6000,
      publications: [
        {
          ...{ participant: "a", media: await loop(0, { codec }), fromMs: 0, toMs: 6000 },
          switches: [
            { atMs: 2000, media: await loop(1, { codec, width: 640, height: 360 }) },
            { atMs: 4000, media: await loop(2, { codec, width: 180, height: 320 }) },
          ],
        },
      ],
    });
    expect(seen.mark(1500, 0)).toMatchObject({ colour: 0, counter: 45 });
    expect(seen.mark(3500, 0)).toMatchObject({ colour: 1, counter: 45 });
    expect(seen.mark(5500, 0, 9 / 16)).toMatchObject({ colour: 2, counter: 45 });
    expect(seen.colour(5500, { x: 10, y: 100, width: 100, height: 100 }).y).toBeLessThan(45);
    expect(seen.marks(0)).toHaveLength(180);
  });

  it("stays while nothing moves before it, however long", async () => {
    const seen = await preview(await folder(), {
      durationMs: 9000,
      publications: [
        {
          ...{ participant: "a", media: await loop(0), fromMs: 0, toMs: 9000 },
          silences: [{ kind: "video", fromMs: 1000, toMs: 8000 }],
        },
      ],
    });
    const last = seen.mark(2000, 0).counter;
    expect(last).toBeDefined();
    for (const ms of [4000, 7900])
      expect(seen.mark(ms, 0)).toMatchObject({ colour: 0, counter: last });
    expect(seen.mark(8500, 0).counter).not.toBe(last);
  });

  it("gives way to initials while it is off, and comes back", async () => {
    const seen = await preview(await folder(), {
      durationMs: 9000,
      publications: [
        {
          ...{
            participant: "a",
            name: "Ada Lovelace",
            media: await loop(0),
            fromMs: 0,
            toMs: 9000,
          },
          silences: [{ kind: "video", fromMs: 2000, toMs: 7000 }],
          off: [{ fromMs: 2050, toMs: 6950 }],
        },
      ],
    });
    expect([1000, 1900, 8000].map((ms) => seen.mark(ms, 0).colour)).toEqual([0, 0, 0]);
    expect(seen.mark(5000, 0).counter).toBeUndefined();
    const { u, y } = seen.colour(5000, disc);
    expect(u).toBeGreaterThan(150);
    expect(y).toBeGreaterThan(70);
  });

  it("may be off from the beginning: only initials", async () => {
    const seen = await film(await folder(), {
      durationMs: 2000,
      publications: [
        {
          participant: "a",
          name: "Ada",
          media: await loop(0),
          fromMs: 0,
          toMs: 2000,
          only: "audio",
        },
      ],
    });
    expect(seen.mark(1000, 0).counter).toBeUndefined();
    expect(seen.colour(1000, disc).u).toBeGreaterThan(150);
    expect(seen.probe.problems).toEqual([]);
  });

  it("is recorded without a microphone too", async () => {
    const seen = await film(await folder(), {
      durationMs: 2000,
      publications: [
        { participant: "a", media: await loop(0), fromMs: 0, toMs: 2000, only: "video" },
      ],
    });
    expect(seen.mark(1000, 0).colour).toBe(0);
    expect(seen.probe.audio?.durationMs).toBe(2000);
  });
});

describe("a recorder that died and came back", () => {
  it("leaves a gap of its own length in the file and lists it", async () => {
    const dir = await folder();
    const [one, two] = [await loop(0), await loop(1)];
    const script: CaptureScript = {
      ...{ durationMs: 12_000, outage: { atMs: 4000, backMs: 8000 } },
      publications: [
        { participant: "a", media: one, fromMs: 0, toMs: 12_000 },
        { participant: "a", media: two, fromMs: 8500, toMs: 12_000 },
      ],
    };
    await buildCapture(`${dir}/capture`, script);
    const { gaps } = await describeCapture(`${dir}/capture`);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.reason).toBe("recorder_restarted");
    expect(Math.abs((gaps[0]?.startMs ?? 0) - 4000)).toBeLessThan(100);
    expect(Math.abs((gaps[0]?.endMs ?? 0) - 8500)).toBeLessThan(100);
    const seen = await preview(dir, script, { tiles: () => 1 });
    expect(seen.mark(3000, 0)).toMatchObject({ colour: 0 });
    expect(seen.mark(6000, 0).counter).toBeUndefined();
    expect(seen.mark(10_000, 0)).toMatchObject({ colour: 1, counter: 45 });
    expect(Math.abs(seen.durationMs - 12_000)).toBeLessThanOrEqual(200);
  });
});
