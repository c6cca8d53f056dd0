import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Mutator } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

export interface Wanted {
  inputs: number;
  seed: number;
  /** Of this process in the seed's inputs. */
  first?: number;
}

/** What became of a campaign. */
export interface Report {
  target: string;
  inputs: number;
  /** The first input that was not read as it should be. */
  failure?: { index: number; input: Buffer; error: unknown };
  /** Growth since a tenth of the inputs had been read, after garbage collection: heap and buffers in bytes, and descriptors. */
  grownBytes: number;
  grownDescriptors: number;
  /** The input that took longest, ms. */
  slowestMs: number;
  slowestIndex: number;
}

/** Feeds a target with changed inputs until one fails. */
export async function fuzz(
  target: FuzzTarget,
  { inputs, seed, first = 0 }: Wanted,
): Promise<Report> {
  const mutator = new Mutator(target.corpus, seed);
  const opened = await target.open?.();
  const run = opened ? (input: Buffer) => opened.run(input) : target.run;
  if (!run) throw new Error(`fuzz target ${target.name} reads nothing`);
  const report: Report = {
    ...{ target: target.name, inputs: 0, grownBytes: 0, grownDescriptors: 0 },
    ...{ slowestMs: 0, slowestIndex: first },
  };
  const warm = first + Math.ceil(inputs / 10);
  let before = held();
  try {
    for (let index = first; index < first + inputs; index++) {
      if (index === warm) before = held();
      const input = mutator.input(index);
      const began = performance.now();
      try {
        await run(input);
      } catch (error) {
        report.failure = { index, input: mutator.input(index), error };
        break;
      }
      report.inputs++;
      const tookMs = performance.now() - began;
      if (tookMs <= report.slowestMs) continue;
      report.slowestMs = tookMs;
      report.slowestIndex = index;
    }
    const after = held();
    report.grownBytes = after.bytes - before.bytes;
    report.grownDescriptors = after.descriptors - before.descriptors;
    return report;
  } finally {
    await opened?.close();
  }
}

function held(): { bytes: number; descriptors: number } {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { bytes: heapUsed + arrayBuffers, descriptors: descriptors() };
}

/** Open files of this process; 0 where the system does not tell. */
function descriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
