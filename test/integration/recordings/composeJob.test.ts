import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { type Compose, composing } from "../../../src/jobs/composing.ts";
import type { Loop } from "../../../src/jobs/loop.ts";
import { startRenditionLoop } from "../../../src/jobs/renditions.ts";
import type { ProbeFinding } from "../../../src/media/compose/protocol.ts";
import { deleteRecording } from "../../../src/recordings/lifecycle/deleteRecording.ts";
import { settleDue } from "../../../src/recordings/lifecycle/settle.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { composeRecording } from "../../../src/recordings/renditions/composeRecording.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage, type Stage } from "../support/recordings.ts";

takeTime();

const probe: ProbeFinding = {
  durationMs: 1000,
  expectedDurationMs: 1000,
  sizeBytes: 4,
  container: "mp4",
  avOffsetMs: 0,
  faststart: true,
  problems: [],
};

/** Stands for the composer child, whose own tests decode what it makes. */
const write: Compose = async (job) => {
  await writeFile(job.output, "file");
  return probe;
};

let test: TestDatabase;
let root: string;
let stage: Stage;
const loops: Loop[] = [];
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  root = await scratchFolder("connvo-compose-job-");
  stage = recordingStage(test, root);
  stage.video.captureDir = root;
});
afterEach(async () => {
  await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  await test.sql(`DELETE FROM renditions`);
});

/** Resolves once the work is to end; it may be so before it begins. */
const untilAborted = (signal: AbortSignal) =>
  signal.aborted ? undefined : once(signal, "abort").then(() => undefined);

function run(compose: Compose): Loop {
  const { services } = stage;
  const workDir = path.join(root, "work");
  const maker = composing({ services, compose, workDir });
  const loop = startRenditionLoop({ services, maker, workDir }, 0);
  loops.push(loop);
  return loop;
}

async function stopped() {
  const meeting = await activeMeeting(test);
  const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
  await stopRecording(stage.services, meeting.hostId, meeting);
  return { ...meeting, recordingId };
}

function deferred() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

interface Row {
  recording: string;
  error: string | null;
  rendition: string;
  attempts: number;
  owner: string | null;
}
async function row(recordingId: string): Promise<Row | undefined> {
  const [found] = await test.sql<Row>(
    `SELECT r.state AS recording, r.error_message AS error, d.state AS rendition, d.attempts, d.lease_owner AS owner
     FROM recordings r LEFT JOIN renditions d ON d.recording_id = r.id WHERE r.id = $1`,
    [recordingId],
  );
  return found;
}
const until = (recordingId: string, expected: Partial<Row>) =>
  vi.waitFor(async () => expect(await row(recordingId)).toMatchObject(expected), patience);

it("stores the file, makes the recording ready and leaves nothing in the work folder", async () => {
  const { recordingId } = await stopped();
  run(write);
  await until(recordingId, { recording: "ready", rendition: "ready", attempts: 1 });
  expect(await readdir(path.join(root, "recordings", recordingId))).toHaveLength(1);
  expect(await readdir(path.join(root, "work"))).toEqual([]);
});

it("tries again after a failure, and after a file that is bad", async () => {
  const { recordingId } = await stopped();
  await test.stopTime();
  let attempt = 0;
  run(async (job, options) => {
    attempt++;
    if (attempt === 1) throw Object.assign(new Error("crashed"), { retryable: true });
    const found = await write(job, options);
    return attempt === 2 ? { ...found, problems: ["no sound"] } : found;
  });
  await until(recordingId, { rendition: "queued", attempts: 1 });
  await test.advanceTime(5_000);
  await until(recordingId, { rendition: "queued", attempts: 2 });
  await test.advanceTime(10_000);
  await until(recordingId, { recording: "ready", rendition: "ready", attempts: 3 });
});

it("fails with the reason when another attempt cannot help", async () => {
  const { recordingId } = await stopped();
  run(async () => {
    throw Object.assign(new Error("no_media"), { retryable: false });
  });
  await until(recordingId, { recording: "failed", rendition: "failed", error: "no_media" });
});

it("fails in the end when every attempt fails; the capture can be composed again", async () => {
  const { recordingId, hostId } = await stopped();
  await test.stopTime();
  let broken = true;
  run(async (job, options) => {
    if (broken) throw new Error("out of memory");
    return write(job, options);
  });
  for (let attempt = 1; attempt < 4; attempt++) {
    await until(recordingId, { rendition: "queued", attempts: attempt });
    await test.advanceTime(60_000);
  }
  await until(recordingId, { recording: "failed", error: "out of memory" });
  broken = false;
  const look = { quality: "720p", layout: "grid", audioOnly: false } as const;
  await composeRecording(stage.services, hostId, recordingId, look);
  await until(recordingId, { rendition: "ready" });
});

it("waits, without an attempt lost, while rooms or storage are away", async () => {
  const { recordingId } = await stopped();
  await test.stopTime();
  const { video, services } = stage;
  const { storage } = services;
  const waitsWhile = async (asked: () => number) => {
    const before = asked();
    for (let time = 1; time <= 6; time++) {
      await vi.waitFor(() => expect(asked()).toBeGreaterThanOrEqual(before + time), patience);
      await until(recordingId, { rendition: "queued", attempts: 0, recording: "processing" });
      await test.advanceTime(60_000);
    }
  };
  video.unreachable = true;
  run(write);
  await waitsWhile(() => video.calls.recordingState.length);
  const putFile = vi.spyOn(storage, "putFile").mockRejectedValue(new Error("ENOSPC"));
  video.unreachable = false;
  // The file is at hand, and not made again.
  await vi.waitFor(() => expect(putFile.mock.calls.length).toBeGreaterThanOrEqual(6), patience);
  await until(recordingId, { rendition: "composing", attempts: 1, recording: "processing" });
  putFile.mockRestore();
  await until(recordingId, { recording: "ready", attempts: 1 });
});

it("keeps its lease while a slow storage takes the file", async () => {
  const { recordingId } = await stopped();
  const { storage } = stage.services;
  const leaseUntil = async () => {
    const [found] = await test.sql<{ until: Date }>(
      "SELECT lease_until AS until FROM renditions WHERE recording_id = $1",
      [recordingId],
    );
    return Number(found?.until);
  };
  const { putFile } = storage;
  vi.spyOn(storage, "putFile").mockImplementation(async (...args) => {
    const before = await leaseUntil();
    await vi.waitFor(async () => expect(await leaseUntil()).toBeGreaterThan(before), patience);
    return putFile(...args);
  });
  run(write);
  await until(recordingId, { recording: "ready", attempts: 1 });
});

it("takes over from a worker that died with the rendition in hand", async () => {
  const { recordingId } = await stopped();
  await test.sql(
    `UPDATE renditions SET state = 'composing', lease_owner = 'dead',
       lease_until = app_now() + interval '15 s' WHERE recording_id = $1`,
    [recordingId],
  );
  run(write);
  await test.advanceTime(9_000);
  await until(recordingId, { recording: "ready" });
});

it("stops composing when another worker has taken over, and overwrites nothing", async () => {
  const { recordingId } = await stopped();
  let aborted = false;
  run(async (_job, { signal }) => {
    await test.sql(
      `UPDATE renditions SET lease_owner = 'other', lease_until = app_now() + interval '1 h'`,
    );
    await untilAborted(signal);
    aborted = true;
    throw new Error("aborted");
  });
  await vi.waitFor(() => expect(aborted).toBe(true), patience);
  await until(recordingId, { recording: "processing", rendition: "composing", owner: "other" });
});

it("gives the rendition back uncounted when the server stops", async () => {
  const { recordingId } = await stopped();
  const loop = run(async (_job, { signal }) => {
    await untilAborted(signal);
    throw new Error("aborted");
  });
  await until(recordingId, { rendition: "composing" });
  await loop.stop();
  expect(await row(recordingId)).toMatchObject({ rendition: "queued", attempts: 0, owner: null });
});

it("a recording deleted while it is composed is gone, and its files with it", async () => {
  const { recordingId, hostId } = await stopped();
  const started = deferred();
  const release = deferred();
  const loop = run(async (job, options) => {
    started.resolve();
    await release.promise;
    return write(job, options);
  });
  await started.promise;
  await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
  await settleDue(stage.services);
  release.resolve();
  await loop.stop();
  expect(await readdir(path.join(root, "recordings", recordingId))).toEqual([]);
  expect(await row(recordingId)).toMatchObject({ rendition: null });
});

it("what is finished for a recording that was deleted meanwhile changes nothing and leaves no file", async () => {
  const { recordingId, hostId } = await stopped();
  const started = deferred();
  const release = deferred();
  const loop = run(async (job, options) => {
    started.resolve();
    await release.promise;
    return write(job, options);
  });
  await started.promise;
  await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
  release.resolve();
  await loop.stop();
  expect(await readdir(path.join(root, "recordings", recordingId))).toEqual([]);
  expect(await row(recordingId)).toMatchObject({ recording: "processing", rendition: null });
  expect(await settleDue(stage.services)).toBeGreaterThan(0);
  expect(await settleDue(stage.services)).toBe(0);
});
