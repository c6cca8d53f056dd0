import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readPowers, writePowers } from "./powersFile.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "connvo-powers-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const powers = new Map([
  ["track0001", Float32Array.of(0.5, 0, 1e-9)],
  ["track0002", new Float32Array()],
  ["track0003", Float32Array.of(3)],
]);

describe("a file of powers", () => {
  it("holds them, and nothing lies beside it", async () => {
    const file = path.join(folder, "loudness");
    writePowers(file, new Map([["track0009", Float32Array.of(1)]]));
    writePowers(file, powers);
    expect(readPowers(file)).toEqual(powers);
    expect(await readdir(folder)).toEqual(["loudness"]);
  });

  it("counts as absent when it is damaged, cut short or empty", async () => {
    const file = path.join(folder, "loudness");
    expect(readPowers(file)).toEqual(new Map());
    writePowers(file, powers);
    const whole = await readFile(file);
    const damaged = Buffer.from(whole);
    damaged[damaged.length - 2] = 77;
    for (const content of [damaged, whole.subarray(0, -4), Buffer.alloc(0)]) {
      await writeFile(file, content);
      expect(readPowers(file)).toEqual(new Map());
    }
  });
});
