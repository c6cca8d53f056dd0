import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { Loop } from "../../../src/jobs/loop.ts";
import { sliceFolder, startSliceLoop } from "../../../src/jobs/slices.ts";
import type { RunningSlices, SliceSource } from "../../../src/media/compose/protocol.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage, type Stage } from "../support/recordings.ts";

takeTime();

let test: TestDatabase;
let root: string;
let workDir: string;
let stage: Stage;
const loops: Loop[] = [];

beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  root = await scratchFolder("connvo-slice-job-");
  workDir = path.join(root, "work");
  stage = recordingStage(test, root);
  stage.video.captureDir = root;
});
afterEach(async () => {
  await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  await test.sql(`DELETE FROM renditions`);
  await test.sql(`UPDATE recordings SET state = 'failed' WHERE state <> 'failed'`);
});

/** Stands for the composer: as many slices as it is told, each done by `work`. */
class Slices implements RunningSlices {
  readonly asked: SliceSource[] = [];
  begun = 0;
  aborted = 0;
  #left: number;
  #work: (signal: AbortSignal) => Promise<void>;

  constructor(left: number, work: (signal: AbortSignal) => Promise<void> = async () => undefined) {
    this.#left = left;
    this.#work = work;
  }

  async next(source: SliceSource) {
    this.asked.push(source);
    if (this.#left === 0) return undefined;
    this.#left--;
    return async (signal: AbortSignal) => {
      this.begun++;
      signal.addEventListener("abort", () => this.aborted++);
      await this.#work(signal);
    };
  }
}

function run(slices: RunningSlices, load: () => number = () => 0): Loop {
  const loop = startSliceLoop({ services: stage.services, slices, workDir, load });
  loops.push(loop);
  return loop;
}

async function running() {
  const meeting = await activeMeeting(test);
  const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
  return { ...meeting, recordingId };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((_, reject) => {
    const stop = () => reject(new Error("aborted"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
  });
const soon = (check: () => void | Promise<void>) => vi.waitFor(check, patience);

it("composes all slices that are due of a running recording, in the look it was asked for", async () => {
  const { recordingId } = await running();
  const slices = new Slices(3);
  run(slices);
  await soon(() => expect(slices.begun).toBe(3));
  const config = { layout: "grid", quality: "720p", audioOnly: false } as const;
  expect(slices.asked[0]).toEqual({
    ...{ captureDir: root, folder: sliceFolder(workDir, recordingId, config) },
    ...config,
  });
});

it("leaves a busy machine to the meeting, and goes on when it is quiet", async () => {
  await running();
  const slices = new Slices(1);
  let [load, looks] = [0.9, 0];
  run(slices, () => {
    looks++;
    return load;
  });
  await soon(() => expect(looks).toBeGreaterThan(3));
  expect(slices.asked).toEqual([]);
  load = 0.2;
  await soon(() => expect(slices.begun).toBe(1));
});

it("composes nothing of a recording that has ended, or whose capture is elsewhere", async () => {
  const meeting = await running();
  await stopRecording(stage.services, meeting.hostId, meeting);
  stage.video.captureDir = undefined;
  await running();
  const slices = new Slices(1);
  let looks = 0;
  run(slices, () => ++looks * 0);
  await soon(() => expect(looks).toBeGreaterThan(3));
  expect(slices.asked).toEqual([]);
});

it("leaves a recording to the worker that has it, and takes over when that has died", async () => {
  const { recordingId } = await running();
  await test.sql(
    `UPDATE recordings SET slices_owner = 'dead', slices_until = app_now() + interval '15 s' WHERE id = $1`,
    [recordingId],
  );
  const slices = new Slices(1);
  let looks = 0;
  run(slices, () => ++looks * 0);
  await soon(() => expect(looks).toBeGreaterThan(3));
  expect(slices.begun).toBe(0);
  await test.advanceTime(9_000);
  await soon(() => expect(slices.begun).toBe(1));
});

it("stops when another worker has taken over", async () => {
  const { recordingId } = await running();
  const slices = new Slices(1, untilAborted);
  run(slices);
  await soon(() => expect(slices.begun).toBe(1));
  await test.sql(
    `UPDATE recordings SET slices_owner = 'other', slices_until = app_now() + interval '1 h' WHERE id = $1`,
    [recordingId],
  );
  await soon(() => expect(slices.aborted).toBe(1));
});

it("tries again later when a slice failed", async () => {
  await running();
  let attempts = 0;
  const slices = new Slices(2, async () => {
    if (++attempts === 1) throw new Error("crashed");
  });
  run(slices);
  await soon(() => expect(attempts).toBe(2));
});

it("goes on with the others when a capture cannot be read", async () => {
  const broken = await running();
  await running();
  const slices = new Slices(1);
  run({
    next: async (source) => {
      if (source.folder.includes(broken.recordingId)) throw new Error("no such file");
      return slices.next(source);
    },
  });
  await soon(() => expect(slices.begun).toBe(1));
});

it("ends what is under way when the server stops", async () => {
  await running();
  const slices = new Slices(1, untilAborted);
  const loop = run(slices);
  await soon(() => expect(slices.begun).toBe(1));
  await loop.stop();
  expect(slices.aborted).toBe(1);
});

it("removes slices nobody needs: of recordings that are over, deleted or unknown", async () => {
  const { recordingId } = await running();
  const done = await running();
  await stopRecording(stage.services, done.hostId, done);
  const queued = await running();
  await stopRecording(stage.services, queued.hostId, queued);
  await test.sql(`DELETE FROM renditions WHERE recording_id = $1`, [done.recordingId]);
  for (const id of [recordingId, done.recordingId, queued.recordingId, "unknown"]) {
    await mkdir(path.join(workDir, id, "grid-720p"), { recursive: true });
    await writeFile(path.join(workDir, id, "grid-720p", "00000000-00000480.slice"), "slice");
  }
  await writeFile(path.join(workDir, "being-composed.mp4"), "file");
  run(new Slices(0));
  const kept = [recordingId, queued.recordingId, "being-composed.mp4"].sort();
  await soon(async () => expect((await readdir(workDir)).sort()).toEqual(kept));
});
