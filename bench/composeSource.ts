import path from "node:path";
import { processEntry } from "../src/config/paths.ts";
import { loadMediaLoop } from "../src/synth/media/encode.ts";
import type { MediaLoop } from "../src/synth/media/mediaLoop.ts";
import type { Stage } from "./stage.ts";
import { writeMeeting } from "./writtenMeeting.ts";

/** What one source of the composition looks like, 720p30 VP8 with a grain that costs bits, and Opus. */
const sourceSpec = { width: 1280, height: 720, fps: 30, videoKbps: 1500, seconds: 8 };

export const participants = 4;

/** The media of so many people. */
export async function sourceLoops(cacheDir: string): Promise<MediaLoop[]> {
  const composeProgram = processEntry("composeProcess");
  const encoderProgram = path.join(path.dirname(composeProgram), "encodeProcess.js");
  const loops: MediaLoop[] = [];
  for (let participant = 0; participant < participants; participant++)
    loops.push(await loadMediaLoop({ participant, ...sourceSpec }, { cacheDir, encoderProgram }));
  return loops;
}

/** A sealed capture of so many people in a folder of its own. */
export async function sourceCapture(stage: Stage, durationMs: number): Promise<string> {
  const folder = await stage.folder();
  const dir = path.join(folder, "capture");
  const writer = await writeMeeting(dir, await sourceLoops(folder), durationMs);
  await writer.seal("stopped");
  return dir;
}
