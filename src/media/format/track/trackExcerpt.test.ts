import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { trackBlocks } from "./trackBlocks.ts";
import { ClusterLayout, containerHeader } from "./trackContainer.ts";
import { writeExcerpt } from "./trackExcerpt.ts";

let dir: string;
let file: string;
let target: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "connvo-excerpt-"));
  [file, target] = [path.join(dir, "track.webm"), path.join(dir, "part.webm")];
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A frame every 40 ms whose content names its time; a key frame every `keyMs`. */
async function write(durationMs: number, keyMs: number, bytes = 400): Promise<void> {
  const layout = new ClusterLayout();
  const parts = [containerHeader({ codec: "VP8", width: 320, height: 180 })];
  for (let ms = 0; ms < durationMs; ms += 40)
    parts.push(...layout.block(Buffer.alloc(bytes, `${ms};`), ms, ms % keyMs === 0));
  await writeFile(file, Buffer.concat(parts));
}

const times = (path: string) => [...trackBlocks(path)].map(({ ms }) => ms);

it.each([10_000, 40, 120_000])(
  "begins with the last key frame before, of one every %d ms, and goes on to the end asked for",
  async (keyMs) => {
    await write(90_000, keyMs, 900);
    for (const fromMs of [0, 39, 10_000, 47_123, 89_990]) {
      const toMs = fromMs + 3000;
      const first = Math.floor(Math.min(fromMs, 89_960) / keyMs) * keyMs;
      expect(writeExcerpt(file, target, { fromMs, toMs })).toEqual({ firstMs: first });
      const expected = [];
      for (let ms = first; ms <= toMs && ms < 90_000; ms += 40) expected.push(ms);
      expect(times(target)).toEqual(expected);
    }
  },
);

it("keeps the frames as they are", async () => {
  await write(20_000, 4000);
  writeExcerpt(file, target, { fromMs: 9000, toMs: 9500 });
  const bytes = await readFile(target);
  for (const { ms, end } of trackBlocks(target))
    expect(bytes.subarray(end - 400, end)).toEqual(Buffer.alloc(400, `${ms};`));
});

it.each([1, 57, 415, 1300])("leaves out a frame that is %d bytes short of its end", async (cut) => {
  await write(8000, 2000);
  await truncate(file, (await stat(file)).size - cut);
  writeExcerpt(file, target, { fromMs: 5000, toMs: 60_000 });
  const missing = Math.ceil(cut / 413);
  expect(times(target).at(-1)).toBe(8000 - 40 - missing * 40);
});

it("steps over damage", async () => {
  await write(30_000, 2000);
  const bytes = await readFile(file);
  const middle = Math.floor(bytes.length / 2);
  bytes.fill(0xff, middle, middle + 2000);
  await writeFile(file, bytes);
  writeExcerpt(file, target, { fromMs: 10_000, toMs: 22_000 });
  expect(times(target)[0]).toBe(10_000);
  expect(times(target).at(-1)).toBe(22_000);
  expect(times(target).length).toBeGreaterThan(200);
});

it("is nothing where the track has nothing, and fails for what is no track", async () => {
  await write(4000, 2000);
  expect(writeExcerpt(file, target, { fromMs: -5000, toMs: -100 })).toBeUndefined();
  await writeFile(file, Buffer.alloc(5000, 0x5a));
  expect(() => writeExcerpt(file, target, { fromMs: 0, toMs: 10 })).toThrow("no media");
  expect(() => writeExcerpt(`${file}.none`, target, { fromMs: 0, toMs: 10 })).toThrow("ENOENT");
});
