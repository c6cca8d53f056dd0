import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { createCaptureReader } from "../src/media/format/captureReader.ts";
import { describeCapture } from "../src/media/format/describe.ts";
import { captureLog } from "../src/media/format/log/captureLog.ts";
import type { MediaLoop } from "../src/synth/media/mediaLoop.ts";
import { participants, sourceLoops } from "./composeSource.ts";
import { type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, median } from "./statistics.ts";
import { writeMeeting } from "./writtenMeeting.ts";

/** What a player loads of a track before it shows anything, bytes. */
const beginningBytes = 512 * 1024;
const shortestMinutes = 1;
/** Stops a length; one of them where writing the meeting takes minutes. */
const rounds = 3;
const longMinutes = 30;

/** From the stop of a recording to where a player has the beginning of every track, for meetings of growing length. */
export async function benchPlayback(stage: Stage): Promise<Row[]> {
  const folder = await stage.folder();
  const loops = await sourceLoops(folder);
  const baseline = median(await stopsToPlayable(stage, folder, loops, shortestMinutes));
  const rows: Row[] = [];
  for (const minutes of stage.pick([5, 15, 60], [5])) {
    const times = await stopsToPlayable(stage, folder, loops, minutes);
    const comparison = compare(times.map((ours) => ({ ours, baseline })));
    const name = `stop → playable, ${minutes} min of 4 × 720p`;
    const beside = `after ${shortestMinutes} min`;
    const aim = { of: "ours", most: 5 } as const;
    rows.push(rowOf({ name, baseline: beside, comparison, format: units.milliseconds, aim }));
  }
  return rows;
}

async function stopsToPlayable(
  stage: Stage,
  parent: string,
  loops: readonly MediaLoop[],
  minutes: number,
): Promise<number[]> {
  stage.say(`${minutes} min of ${participants} participants`);
  const times: number[] = [];
  for (let round = 0; round < (minutes < longMinutes ? rounds : 1); round++) {
    const dir = path.join(parent, `capture-${minutes}-${round}`);
    times.push(await stopToPlayable(dir, loops, minutes));
    await rm(dir, { recursive: true });
  }
  stage.say(units.milliseconds(median(times)));
  return times;
}

/** Seconds. As in a meeting that took its time, all but the last moments are durable and read by then. */
async function stopToPlayable(
  dir: string,
  loops: readonly MediaLoop[],
  minutes: number,
): Promise<number> {
  const writer = await writeMeeting(dir, loops, minutes * 60_000);
  await promisify(execFile)("sync");
  await captureLog(dir).read();
  const began = performance.now();
  await writer.seal("stopped");
  await describeCapture(dir);
  await open(dir);
  return (performance.now() - began) / 1000;
}

/** What a server does for a player that opens the recording, without the network. */
async function open(dir: string): Promise<void> {
  const reader = createCaptureReader();
  const { tracks } = await reader.playback(dir);
  await Promise.all(
    tracks.map(async ({ trackId }) => {
      const track = await reader.track(dir, trackId);
      if (!track) throw new Error(`${trackId} cannot be played`);
      const end = Math.min(beginningBytes, track.sizeBytes) - 1;
      for await (const _ of track.read({ start: 0, end }));
    }),
  );
}
