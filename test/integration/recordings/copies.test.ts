import { existsSync } from "node:fs";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import Fastify from "fastify";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { Authenticator } from "../../../src/auth/tokens/authenticator.ts";
import { isAppError } from "../../../src/core/errors.ts";
import { recordingTracks } from "../../../src/http/files/recordingTracks.ts";
import { OpenFiles } from "../../../src/http/limits/openFiles.ts";
import { errorReply, writeError } from "../../../src/http/replies/errorReply.ts";
import { startArchivingLoop } from "../../../src/jobs/archiving.ts";
import { composing } from "../../../src/jobs/composing.ts";
import { removeNext, startRestoreLoop } from "../../../src/jobs/copies.ts";
import type { Loop } from "../../../src/jobs/loop.ts";
import { startRenditionLoop } from "../../../src/jobs/renditions.ts";
import { createCaptureCopies } from "../../../src/recordings/archive/captureCopies.ts";
import { deleteRecording } from "../../../src/recordings/lifecycle/deleteRecording.ts";
import { getPlayback } from "../../../src/recordings/playback/getPlayback.ts";
import { composeRecording } from "../../../src/recordings/renditions/composeRecording.ts";
import { buildCapture } from "../../media/support/captureBuilder.ts";
import { loop as mediaLoop } from "../../media/support/captureFixtures.ts";
import { takeTime } from "../../support/patience.ts";
import {
  type ArchivingSite,
  archivingSite,
  captureRow,
  composed,
  contentOf,
  stoppedRecording,
  until,
} from "../support/archived.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

takeTime();

const hour = 3_600_000;
const day = 24 * hour;
const look = { layout: "spotlight", quality: "360p", audioOnly: false } as const;

let test: TestDatabase;
let site: ArchivingSite;
const loops: Loop[] = [];
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  site = await archivingSite(test, "site-1");
});
afterEach(async () => {
  await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  await test.sql(`DELETE FROM renditions`);
  await test.sql(`DELETE FROM capture_copies`);
  await test.sql(`DELETE FROM captures`);
});

/** Archived, and still on the disk. */
async function archived(write?: (dir: string) => Promise<unknown>) {
  const recording = await stoppedRecording(test, site, write);
  const { recordingId, dir } = recording;
  await composed(test, recordingId);
  const archiving = startArchivingLoop(site.deps);
  await until(async () =>
    expect(await captureRow(test, recordingId)).toMatchObject({ archived: true, copy: "here" }),
  );
  await archiving.stop();
  const content = (await contentOf(dir)) ?? {};
  return { ...recording, content };
}

/** Archived, and no longer on the disk. */
async function stored(write?: (dir: string) => Promise<unknown>) {
  const recording = await archived(write);
  await test.advanceTime(day + hour);
  expect(await removeNext(site.deps)).toBe(true);
  expect(existsSync(path.dirname(recording.dir))).toBe(false);
  forgetTrust();
  return recording;
}

/** As after some minutes, or for another process. */
function forgetTrust(): void {
  site.services.copies = createCaptureCopies(site.services, "site-1");
}

const restoring = (deps = site.deps) => loops.push(startRestoreLoop(deps));
const hold = (recordingId: string) => site.services.copies.hold(recordingId, { restore: true });
const isHere = (recordingId: string) =>
  until(async () => expect(await hold(recordingId)).toMatchObject({ kind: "here" }));

it("leaves the disk once it has not been read for long, and not before", async () => {
  const { recordingId, dir } = await archived();
  await test.advanceTime(day - hour);
  expect(await removeNext(site.deps)).toBe(false);
  await test.advanceTime(2 * hour - 60_000);
  forgetTrust();
  expect(await hold(recordingId)).toMatchObject({ kind: "here" });
  await test.advanceTime(20 * 60_000);
  expect(await removeNext(site.deps)).toBe(false);
  const reading = await open(path.join(dir, "track0001-audio.webm"));
  await test.advanceTime(20 * 60_000);
  expect(await removeNext(site.deps)).toBe(true);
  expect(existsSync(dir)).toBe(false);
  expect((await reading.readFile("utf8")).length).toBe(5000);
  await reading.close();
  expect(await captureRow(test, recordingId)).toMatchObject({ archived: true, copy: null });
  expect(await removeNext(site.deps)).toBe(false);
});

it("leaves the disk sooner where that is short", async () => {
  const { dir } = await archived();
  site.services.freeDiskBytes = async () => 2 * site.services.config.diskReserveBytes - 1;
  expect(await removeNext(site.deps)).toBe(false);
  await test.advanceTime(hour);
  expect(await removeNext(site.deps)).toBe(true);
  expect(existsSync(dir)).toBe(false);
});

it("stays on the disk while a file is to be composed of it", async () => {
  const { recordingId, hostId, dir } = await archived();
  await test.advanceTime(2 * day);
  await composeRecording(site.services, hostId, recordingId, look);
  expect(await removeNext(site.deps)).toBe(false);
  await composed(test, recordingId);
  expect(await removeNext(site.deps)).toBe(true);
  expect(existsSync(dir)).toBe(false);
});

it("is sent again where the store has lost it, and stays until the store can be asked", async () => {
  const { recordingId, content, dir } = await archived();
  await test.advanceTime(2 * day);
  const { holds } = site.archive;
  site.archive.holds = () => Promise.reject(new Error("the store is away"));
  expect(await removeNext(site.deps)).toBe(true);
  expect(await captureRow(test, recordingId)).toMatchObject({ archived: true, copy: "here" });
  site.archive.holds = holds;
  await rm(site.archive.locate(`captures/${recordingId}/track0001-audio.webm`));
  await test.advanceTime(hour);
  expect(await removeNext(site.deps)).toBe(true);
  expect(await captureRow(test, recordingId)).toMatchObject({ archived: false, copy: null });
  expect(await contentOf(dir)).toEqual(content);
  loops.push(startArchivingLoop(site.deps));
  await until(async () =>
    expect(await captureRow(test, recordingId)).toMatchObject({ archived: true, copy: "here" }),
  );
});

it("goes on being removed where a node died within it", async () => {
  const { recordingId, dir } = await archived();
  await test.advanceTime(2 * day);
  await test.sql(
    `UPDATE capture_copies SET state = 'removing', lease_owner = 'dead', lease_until = app_now() + interval '15 seconds'`,
  );
  expect(await hold(recordingId)).toEqual({ kind: "restoring", done: 0 });
  expect(await removeNext(site.deps)).toBe(false);
  await test.advanceTime(16_000);
  expect(await removeNext(site.deps)).toBe(true);
  expect(existsSync(dir)).toBe(false);
});

it("is fetched once for all who ask, and whole before it has its name", async () => {
  const { recordingId, dir, content } = await stored();
  expect(await site.services.copies.hold(recordingId, { restore: false })).toEqual({
    kind: "archived",
  });
  const read = vi.spyOn(site.archive, "read");
  const asked = await Promise.all([hold(recordingId), hold(recordingId), hold(recordingId)]);
  expect(asked).toEqual(Array(3).fill({ kind: "restoring", done: 0 }));
  restoring();
  const other = { ...site.services, nodeId: "another node" };
  restoring({ ...site.deps, services: other });
  await isHere(recordingId);
  expect(read).toHaveBeenCalledTimes(4);
  expect(await contentOf(dir)).toEqual(content);
  expect(await removeNext(site.deps)).toBe(false);
});

it("goes on where a node died within it", async () => {
  const { recordingId, dir, content } = await stored();
  await hold(recordingId);
  await test.sql(
    `UPDATE capture_copies SET lease_owner = 'dead', lease_until = app_now() + interval '15 seconds'`,
  );
  const beside = `${dir}.restoring`;
  await mkdir(beside, { recursive: true });
  const kept = site.archive.locate(`captures/${recordingId}/track0001-audio.webm`);
  await writeFile(path.join(beside, "track0001-audio.webm"), await readFile(kept));
  await writeFile(path.join(beside, "track0002-video.webm"), "half");
  await writeFile(path.join(beside, "track0002-video.webm.1b4e.part"), "half");
  const read = vi.spyOn(site.archive, "read");
  restoring();
  await test.advanceTime(16_000);
  await isHere(recordingId);
  expect(read.mock.calls.map(([key]) => path.basename(key))).toEqual([
    ...["events.jsonl", "track0001.index", "track0002-video.webm"],
  ]);
  expect(await contentOf(dir)).toEqual(content);
});

it("waits for room on the disk, with what recordings need to start left free", async () => {
  const { recordingId, dir } = await stored();
  const { services } = site;
  services.freeDiskBytes = async () => services.config.diskReserveBytes + 60_000;
  await hold(recordingId);
  restoring();
  const copyError = expect.stringContaining("do not fit on the disk");
  await until(async () =>
    expect(await captureRow(test, recordingId)).toMatchObject({ copy: "restoring", copyError }),
  );
  expect(existsSync(dir)).toBe(false);
  services.freeDiskBytes = async () => services.config.diskReserveBytes + 80_000;
  await test.advanceTime(16_000);
  await isHere(recordingId);
});

it("is not taken from the store damaged: who asks is told, and later it is tried again", async () => {
  const { recordingId, hostId, dir, content } = await stored();
  const kept = site.archive.locate(`captures/${recordingId}/track0002-video.webm`);
  const good = await readFile(kept);
  await writeFile(kept, good.toString().replace("picture", "puncture".slice(1)));
  await hold(recordingId);
  restoring();
  await until(async () => {
    await test.advanceTime(6_000);
    expect(await captureRow(test, recordingId)).toMatchObject({ copy: "failed" });
  });
  expect(existsSync(dir) || existsSync(`${dir}.restoring`)).toBe(false);
  const refused: unknown = await getPlayback(site.services, hostId, recordingId).catch((e) => e);
  expect(isAppError(refused) && refused.toData()).toMatchObject({
    code: "CONFLICT",
    metadata: { reason: "restore_failed", detail: expect.stringContaining("track0002-video.webm") },
  });
  await writeFile(kept, good);
  await test.advanceTime(61_000);
  await isHere(recordingId);
  expect(await contentOf(dir)).toEqual(content);
});

it("is fetched again where somebody has removed it by hand", async () => {
  const { recordingId, hostId, dir } = await archived();
  await rm(dir, { recursive: true });
  site.video.next("recordingState", () => ({ status: "absent" }));
  const refused: unknown = await getPlayback(site.services, hostId, recordingId).catch((e) => e);
  expect(isAppError(refused) && refused.metadata).toMatchObject({ reason: "restoring" });
  await hold(recordingId);
  restoring();
  await isHere(recordingId);
  expect(existsSync(dir)).toBe(true);
});

it("takes what was copied into the folder for a copy, if that is all of it", async () => {
  const { recordingId, dir, content } = await stored();
  await mkdir(dir, { recursive: true });
  for (const name of Object.keys(content))
    await writeFile(
      path.join(dir, name),
      await readFile(site.archive.locate(`captures/${recordingId}/${name}`)),
    );
  const read = vi.spyOn(site.archive, "read");
  await hold(recordingId);
  restoring();
  await isHere(recordingId);
  expect(read).not.toHaveBeenCalled();
});

it("leaves the disk with its recording, also half fetched", async () => {
  const { recordingId, hostId, dir } = await stored();
  await hold(recordingId);
  await mkdir(`${dir}.restoring`, { recursive: true });
  await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
  expect(await removeNext(site.deps)).toBe(true);
  expect(existsSync(path.dirname(dir))).toBe(false);
  expect(await captureRow(test, recordingId)).toMatchObject({ copy: null });
});

/** Composes with a composer that only looks at what it is given. */
async function composesAt({ services, deps, captureDir }: ArchivingSite, recordingId: string) {
  const dir = captureDir(recordingId);
  const seen: unknown[] = [];
  const workDir = path.join(path.dirname(path.dirname(path.dirname(dir))), "work");
  const maker = composing({
    ...{ services, workDir },
    compose: async (job) => {
      seen.push(job.captureDir, await contentOf(dir));
      await writeFile(job.output, "file");
      return probe;
    },
  });
  loops.push(startRenditionLoop({ services, maker, workDir }, 0));
  await until(async () =>
    expect(await captureRow(test, recordingId)).toMatchObject({ copy: "restoring" }),
  );
  await test.advanceTime(2_000);
  restoring(deps);
  await until(async () => {
    await test.advanceTime(2_000);
    const [made] = await test.sql(
      `SELECT state, attempts FROM renditions WHERE recording_id = $1 AND layout = 'spotlight'`,
      [recordingId],
    );
    expect(made).toEqual({ state: "ready", attempts: 1 });
  });
  return seen;
}

it("is fetched for a file that is to be composed, without an attempt being counted", async () => {
  const { recordingId, hostId, dir, content } = await stored();
  await composeRecording(site.services, hostId, recordingId, look);
  expect(await composesAt(site, recordingId)).toEqual([dir, content]);
});

it("is composed on another site, whose own captures it never was one of", async () => {
  const { recordingId, hostId, content } = await stored();
  await test.sql(`UPDATE recordings SET site_id = 'site-1' WHERE id = $1`, [recordingId]);
  const other = await archivingSite(test, "site-2", site);
  const dir = other.captureDir(recordingId);
  const recordingState = site.video.recordingState;
  other.video.recordingState = async (ref) => ({
    ...(await recordingState(ref)),
    ...(existsSync(dir) ? { captureDir: dir } : {}),
  });
  await composeRecording(other.services, hostId, recordingId, look);
  expect(await composesAt(other, recordingId)).toEqual([dir, content]);
});

const probe = {
  ...{ durationMs: 1000, expectedDurationMs: 1000, sizeBytes: 4, avOffsetMs: 0, faststart: true },
  ...{ container: "mp4", problems: [] },
};

it("plays from tracks again: callers are told how far it is, and nobody waits", async () => {
  const { recordingId, hostId, dir, content } = await stored(async (dir) =>
    buildCapture(dir, {
      durationMs: 2000,
      publications: [
        { participant: "ada", name: "Ada", media: await mediaLoop(0), fromMs: 0, toMs: 2000 },
      ],
    }),
  );
  const { services } = site;
  const play = (options = {}) => getPlayback(services, hostId, recordingId, options);
  const app = Fastify();
  app.setErrorHandler((error, _request, reply) => writeError(reply, errorReply(error)));
  const authenticator: Authenticator = { authenticate: async () => ({ kind: "anonymous" }) };
  recordingTracks(app, { ...services, authenticator, openFiles: new OpenFiles() });
  const expiresAt = services.clock.now() + 600_000;
  const query = services.links.sign({ recordingId, file: "track0001", userId: hostId, expiresAt });
  const track = () =>
    app.inject({ url: `/recordings/${recordingId}/tracks/track0001.webm?${query}` });

  await test.sql(
    `UPDATE renditions SET state = 'ready', size_bytes = 4, sha256 = 'x' WHERE recording_id = $1`,
    [recordingId],
  );
  const withFile = await play();
  expect(withFile).toMatchObject({ tracks: [], capture: { state: "archived", done: 0 } });
  expect(withFile.file?.sizeBytes).toBe(4);
  expect(await captureRow(test, recordingId)).toMatchObject({ copy: null });
  expect((await play({ restore: true })).capture).toEqual({ state: "restoring", done: 0 });
  const waiting = await track();
  expect(waiting.statusCode).toBe(202);
  expect(waiting.headers["retry-after"]).toBe("2");
  expect(waiting.json()).toEqual({ state: "restoring", done: 0 });
  restoring();
  await until(async () => expect((await play()).capture).toBeUndefined());
  expect((await play()).tracks).toHaveLength(2);
  expect((await track()).statusCode).toBe(200);
  expect(await contentOf(dir)).toMatchObject(content);
  await app.close();
});
