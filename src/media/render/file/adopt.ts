import { rm } from "node:fs/promises";
import { renameDurably, syncFile } from "../../../files/durable.ts";
import type { AdoptJob, ProbeFinding } from "../../compose/protocol.ts";
import { FFmpegError, FormatContext } from "../decode/nodeAv.ts";
import { probeFile } from "./probe.ts";
import { reencodeSound } from "./reencodeSound.ts";
import { remux } from "./remux.ts";

/** Containers differ in how they round, ms. */
const roundingMs = 1_000;

/**
 * Makes a rendition of a file that somebody else made: its packets in an MP4 with the index in front, or its sound as M4A.
 * Durable and probed before it gets its name.
 * @throws Error when the file cannot be read to its end, or has nothing that was asked for
 */
export async function adoptFile(
  { input, output, audioOnly }: AdoptJob,
  onProgress: (done: number) => void,
): Promise<ProbeFinding> {
  const part = `${output}.part`;
  try {
    const durationMs = durationOf(input);
    await (audioOnly ? reencodeSound : remux)(input, part, onProgress);
    await syncFile(part);
    const probe = await probeFile(part, { durationMs, video: !audioOnly });
    const problems = hardProblems(probe, audioOnly);
    if (problems.length > 0) throw new Error(`not a usable file: ${problems.join("; ")}`);
    await renameDurably(part, output);
    return { ...probe, problems };
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** How the maker cut sound and pictures is not ours to refuse: only what is missing is. */
function hardProblems(
  { durationMs, expectedDurationMs, video, audio }: ProbeFinding,
  audioOnly: boolean,
): string[] {
  const problems: string[] = [];
  if (durationMs < expectedDurationMs - roundingMs)
    problems.push(`ends after ${durationMs} of ${expectedDurationMs} ms`);
  if (!audioOnly && !video) problems.push("no video");
  if (audioOnly && !audio) problems.push("no audio");
  return problems;
}

function durationOf(path: string): number {
  const input = new FormatContext();
  input.allocContext();
  FFmpegError.throwIfError(input.openInputSync(path, null, null), "open file");
  try {
    FFmpegError.throwIfError(input.findStreamInfoSync(null), "read file");
    const durationMs = Number(input.duration) / 1000;
    if (durationMs > 0) return durationMs;
    throw new Error("the file is empty");
  } finally {
    input.closeInputSync();
  }
}
