import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lastFrameMs, trackBlocks } from "./trackBlocks.ts";
import { blockHeadBytes, ClusterLayout, clusterMark, containerHeader } from "./trackContainer.ts";
import { trackFrames, writeExcerpt } from "./trackExcerpt.ts";
import { readView, viewTrack } from "./trackView.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "connvo-damage-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

interface Written {
  afterMs: number;
  bytes: number;
  key: boolean;
}

type Damage =
  | { kind: "cut"; at: number }
  | { kind: "filled"; at: number; bytes: number; with: number }
  | { kind: "lost"; at: number; bytes: number }
  | { kind: "twice"; at: number; bytes: number }
  | { kind: "bit"; at: number; bit: number };

const written = fc.array(
  fc.record<Written>({
    afterMs: fc.oneof(fc.constant(33), fc.integer({ min: 0, max: 8000 })),
    bytes: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 3000 })),
    key: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
);
/** Places are parts of the file, in thousandths. */
const at = fc.integer({ min: 0, max: 1000 });
const bytes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 4000 }));
const damage = fc.oneof<fc.Arbitrary<Damage>[]>(
  fc.record({ kind: fc.constant("cut"), at }),
  fc.record({ kind: fc.constant("filled"), at, bytes, with: fc.constantFrom(0, 0xff, 0xa3, 0x1f) }),
  fc.record({ kind: fc.constant("lost"), at, bytes }),
  fc.record({ kind: fc.constant("twice"), at, bytes }),
  fc.record({ kind: fc.constant("bit"), at, bit: fc.integer({ min: 0, max: 7 }) }),
);

function fileOf(all: Written[]): { header: Buffer; media: Buffer } {
  const layout = new ClusterLayout();
  let ms = 0;
  const media = all.flatMap((frame, index) => {
    ms += frame.afterMs;
    return layout.block(Buffer.alloc(frame.bytes, index + 1), ms, frame.key || index === 0);
  });
  const header = containerHeader({ codec: "VP8", width: 320, height: 180 });
  return { header, media: Buffer.concat(media) };
}

function damaged(media: Buffer, one: Damage): Buffer {
  const from = Math.floor((media.length * one.at) / 1000);
  const [before, after] = [media.subarray(0, from), media.subarray(from)];
  if (one.kind === "cut") return before;
  if (one.kind === "lost") return Buffer.concat([before, after.subarray(one.bytes)]);
  if (one.kind === "twice") return Buffer.concat([before, after.subarray(0, one.bytes), after]);
  const changed = Buffer.from(media);
  if (one.kind === "filled")
    changed.fill(one.with, from, Math.min(from + one.bytes, changed.length));
  else if (from < changed.length) changed[from] = (changed[from] ?? 0) ^ (1 << one.bit);
  return changed;
}

interface Frame {
  ms: number;
  data: string;
}

const always = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

/** The frames of a file and their content; none of a file without media. */
async function framesOf(file: string): Promise<Frame[]> {
  const bytes = await readFile(file);
  if (!bytes.includes(clusterMark)) return [];
  return [...trackBlocks(file)].map(({ ms, offset, end }) => ({
    ms,
    data: bytes.toString("hex", offset + blockHeadBytes, end),
  }));
}

/** From its first key frame on: nobody can decode what comes before. */
function decodable(file: string): Frame[] {
  return [...trackFrames(file, always)].map(({ ms, data }) => ({ ms, data: data.toString("hex") }));
}

it("leaves the same frames for all who read a track file", async () => {
  const [file, copy] = [path.join(dir, "track.webm"), path.join(dir, "copy.webm")];
  await fc.assert(
    fc.asyncProperty(written, fc.array(damage, { maxLength: 3 }), async (all, damages) => {
      const { header, media } = fileOf(all);
      await writeFile(file, Buffer.concat([header, damages.reduce(damaged, media)]));
      const left = await framesOf(file);
      const times = left.map(({ ms }) => ms);
      const last = times.length > 0 ? Math.max(...times) : undefined;
      expect(await lastFrameMs(file), "the end").toBe(last);
      const view = await viewTrack(file, "none", false);
      await writeFile(copy, await buffer(readView(view, { start: 0, end: view.sizeBytes - 1 })));
      expect(await framesOf(copy), "the player").toEqual(left);
      if (last === undefined) return;
      const frames = decodable(file);
      expect(frames, "the loudness").toEqual(left.slice(left.length - frames.length));
      const excerpt = writeExcerpt(file, copy, always);
      expect(excerpt ? await framesOf(copy) : [], "the composer").toEqual(frames);
    }),
    { numRuns: 100 },
  );
});
