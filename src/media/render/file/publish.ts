import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { ProbeFinding } from "../../compose/protocol.ts";
import { syncFolder } from "../../format/log/captureFolder.ts";
import { probeFile } from "./probe.ts";

/** Makes a rendition durable, looks at it and gives it its name. Throws when it is not what it should be. */
export async function publish(
  part: string,
  output: string,
  durationMs: number,
): Promise<ProbeFinding> {
  await makeDurable(part);
  const probe = await probeFile(part, { durationMs, video: !output.endsWith(".m4a") });
  if (probe.problems.length > 0) throw new Error(`bad result: ${probe.problems.join("; ")}`);
  await renameDurably(part, output);
  return probe;
}

/** Makes a file's content durable. */
export async function makeDurable(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Renames a file; both names are in the same folder. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}
