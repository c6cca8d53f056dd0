import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { AppError } from "../../../src/core/errors.ts";
import { type Fetch, fetching } from "../../../src/jobs/fetching.ts";
import type { Loop } from "../../../src/jobs/loop.ts";
import { startRenditionLoop } from "../../../src/jobs/renditions.ts";
import type { ProbeFinding } from "../../../src/media/compose/protocol.ts";
import { deleteRecording } from "../../../src/recordings/lifecycle/deleteRecording.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage, type Stage } from "../support/recordings.ts";

takeTime();

const probe: ProbeFinding = {
  ...{ durationMs: 5_000, expectedDurationMs: 5_000, sizeBytes: 4, container: "mp4" },
  ...{ avOffsetMs: 0, faststart: true, problems: [] },
};
let test: TestDatabase;
let stage: Stage;
let root: string;
let work: string;
const loops: Loop[] = [];

beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "connvo-fetching-"));
  work = path.join(root, "work");
  stage = recordingStage(test, root);
  Object.assign(stage.video.capabilities, { composesLocally: false });
  stage.video.fileLink = async () => "https://files.example/f?signature=x";
});
afterEach(async () => {
  await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  await test.sql("DELETE FROM renditions");
  await rm(root, { recursive: true, force: true });
});

/** Stopped, and its file is there at the provider. */
async function stopped() {
  const meeting = await activeMeeting(test);
  const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
  await stopRecording(stage.services, meeting.hostId, meeting);
  return { ...meeting, recordingId };
}

function run(fetch: Fetch, isAllowed: (url: URL) => boolean = () => true): void {
  const { services } = stage;
  const maker = fetching({
    ...{ services, workDir: work, fetch, isAllowed },
    forget: (file) => rm(file, { force: true }),
    adopt: async ({ output }) => {
      await writeFile(output, "film");
      return probe;
    },
  });
  loops.push(startRenditionLoop({ services, maker, workDir: work }, 0));
}
const put: Fetch = async (_url, file) => writeFile(file, "fetched");

interface Row {
  state: string;
  rendition: string;
  attempts: number;
  error: string | null;
}
async function row(id: string) {
  const [found] = await test.sql<Row>(
    `SELECT r.state, d.state AS rendition, d.attempts, d.error_message AS error
     FROM recordings r LEFT JOIN renditions d ON d.recording_id = r.id WHERE r.id = $1`,
    [id],
  );
  return found;
}
const until = (id: string, wanted: Partial<Row>) =>
  vi.waitFor(async () => expect(await row(id)).toMatchObject(wanted), patience);

it("stores the file, tells how long it is, and leaves nothing else", async () => {
  const { recordingId } = await stopped();
  run(put);
  await until(recordingId, { state: "ready", rendition: "ready", attempts: 1 });
  const [times] = await test.sql<{ ms: number }>(
    `SELECT extract(epoch FROM stopped_at - started_at)::double precision * 1000 AS ms
     FROM recordings WHERE id = $1`,
    [recordingId],
  );
  expect(Math.round(times?.ms ?? 0)).toBe(probe.durationMs);
  await vi.waitFor(async () => expect(await readdir(work)).toEqual([]), patience);
});

it("asks for another link each time, and loses no attempt while the provider or its files are away", async () => {
  const { recordingId } = await stopped();
  await test.stopTime();
  const links = ["https://files.example/1", undefined, "https://files.example/2"];
  let asked = 0;
  stage.video.fileLink = async () => {
    if (asked++ === 3) throw new AppError("EXTERNAL_SERVICE_TIMEOUT", "no answer", {});
    return links[asked - 1] ?? (asked > 4 ? "https://files.example/3" : undefined);
  };
  const fetched: string[] = [];
  run(async (url, file) => {
    fetched.push(url.href);
    if (!url.href.endsWith("3")) throw new Error("reset");
    await writeFile(file, "fetched");
  });
  for (let times = 1; times <= 4; times++) {
    await vi.waitFor(() => expect(asked).toBeGreaterThanOrEqual(times), patience);
    await until(recordingId, { rendition: "queued", attempts: 0, state: "processing" });
    await test.advanceTime(60_000);
  }
  await until(recordingId, { state: "ready", attempts: 1 });
  expect(fetched).toEqual(["1", "2", "3"].map((one) => `https://files.example/${one}`));
});

it.each([
  ["at once, when the connection brought something", 1_000_000, 1],
  ["as late as after nothing, when it brought hardly anything: each link is a question", 1, 30],
])("goes on %s", async (_, received, seconds) => {
  const { recordingId } = await stopped();
  await test.stopTime();
  run(async () => {
    throw Object.assign(new Error("the connection broke"), { received });
  });
  const wait = `SELECT extract(epoch FROM run_at - app_now())::float8 AS s FROM renditions
    WHERE recording_id = $1 AND state = 'queued' AND run_at > app_now()`;
  await vi.waitFor(async () => {
    expect(await test.sql(wait, [recordingId])).toEqual([{ s: seconds }]);
  }, patience);
});

it("fetches nothing from a host that is not allowed, and waits until it is", async () => {
  const { recordingId } = await stopped();
  await test.stopTime();
  let allowed = false;
  const fetch = vi.fn(put);
  run(fetch, () => allowed);
  await vi.waitFor(() => expect(stage.video.calls.stopRecording).toHaveLength(1), patience);
  await until(recordingId, { rendition: "queued", attempts: 0 });
  expect(fetch).not.toHaveBeenCalled();
  allowed = true;
  await test.advanceTime(61_000);
  await until(recordingId, { state: "ready" });
});

it("fails for good only when nothing could change it", async () => {
  const { recordingId } = await stopped();
  run(async () => {
    throw Object.assign(new Error("the file has 9 bytes, at most 1 are taken"), {
      retryable: false,
    });
  });
  await until(recordingId, { state: "failed", rendition: "failed", attempts: 1 });
  expect((await row(recordingId))?.error).toContain("at most 1 are taken");
});

it("leaves the file at the provider while the disk has no room", async () => {
  const { recordingId } = await stopped();
  await test.stopTime();
  stage.services.freeDiskBytes = async () => 10_000;
  run(async (_url, file, { admit }) => {
    await admit(9_500);
    await writeFile(file, "fetched");
  });
  await until(recordingId, { rendition: "queued", attempts: 0, state: "processing" });
  stage.services.freeDiskBytes = async () => 1e9;
  await test.advanceTime(61_000);
  await until(recordingId, { state: "ready" });
});

it("ends with a recording that is deleted, and nothing of it stays", async () => {
  const { recordingId, hostId } = await stopped();
  const begun = vi.fn();
  run(async (_url, file, { signal }) => {
    await writeFile(file, "a part");
    begun();
    await new Promise((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener("abort", resolve);
    });
    throw signal.reason;
  });
  await vi.waitFor(() => expect(begun).toHaveBeenCalled(), patience);
  await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
  await vi.waitFor(async () => expect(await readdir(work)).toEqual([]), patience);
});
