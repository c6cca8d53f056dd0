import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { FileListener } from "../../src/media/speech/fileListener.ts";
import { Recognition } from "../../src/media/speech/recognition.ts";
import type { HeardLine } from "../../src/media/transcribe/protocol.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { takeTime } from "../support/patience.ts";
import { sentences, voicesInstalled, wordErrorRate } from "./support/spoken.ts";
import { spokenFile } from "./support/spokenFile.ts";

takeTime();

const recognition = new Recognition();
const startedAt = 1_700_000_000_000;
const said = [
  ["youngMan", 1_000],
  ["coldHearted", 33_000],
  ["amiable", 62_000],
] as const;

/** All that is heard; somebody else goes on after every `steps` looks. */
async function listenTo(file: string, steps = Number.POSITIVE_INFINITY) {
  const lines: HeardLine[] = [];
  const progress: number[] = [];
  let heard: Record<string, number> = {};
  for (;;) {
    const listener = new FileListener({ recordingId: "r", file, startedAt, heard }, recognition);
    for (let step = 0; step < steps; step++) {
      const found = await listener.listen();
      lines.push(...found.lines);
      heard = listener.heard;
      progress.push(heard["mixed"] ?? 0);
      if (found.isOver) {
        listener.close();
        return { lines, progress };
      }
    }
    listener.close();
  }
}

describe.skipIf(!voicesInstalled && !process.env["CI"])(
  "what is said in a file with all voices in one",
  () => {
    it("is heard word by word at its place, of nobody in particular, also by whoever goes on", async () => {
      const file = path.join(await scratchFolder("connvo-speech-"), "said.mp4");
      spokenFile(file, 70, said);
      const whole = await listenTo(file);
      const places = whole.lines.map(({ startMs }) => startMs - startedAt);
      expect(places).toHaveLength(said.length);
      for (const [index, [, atMs]] of said.entries())
        expect(Math.abs((places[index] ?? 0) - atMs)).toBeLessThan(500);
      const text = said.map(([sentence]) => sentences[sentence]).join(" ");
      const heard = whole.lines.map((line) => line.text).join(" ");
      expect(wordErrorRate(heard, text)).toBeLessThan(0.05);
      expect(new Set(whole.lines.map(({ userId }) => userId))).toEqual(new Set([null]));
      expect(whole.progress).toEqual(whole.progress.toSorted((a, b) => a - b));
      expect(whole.progress.at(-1)).toBeGreaterThan(69_000);
      const pieces = await listenTo(file, 1);
      expect(pieces.lines.map(({ text }) => text)).toEqual(whole.lines.map(({ text }) => text));
    });

    it("cannot be heard where there is no file, or something else", async () => {
      const folder = await scratchFolder("connvo-speech-");
      const broken = path.join(folder, "broken.mp4");
      await writeFile(broken, "not a file");
      await expect(listenTo(broken)).rejects.toThrow("open file");
      await expect(listenTo(path.join(folder, "none.mp4"))).rejects.toThrow("open file");
    });
  },
);
