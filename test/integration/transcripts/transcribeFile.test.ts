import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import type { Heard } from "../../../src/media/transcribe/protocol.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { forgetRecordings, HearingNodes, hearingOf, texts } from "../support/hearing.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

takeTime();

const name = "transcripts/actions:transcribeRecording";
const durationMs = 10_000;
let test: TestDatabase;
let stage: MeetingStage;
let nodes: HearingNodes;
let host: UserIdentity;
let meetingId: string;
let recordingId: string;
let startedAt: number;
let workDir: string;
let root: string;

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
  nodes = new HearingNodes(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  await forgetRecordings(test);
  host = person();
  await userIdOf(stage, host);
  meetingId = await meetingOf(stage, host);
  const folder = await scratchFolder("connvo-file-");
  workDir = path.join(folder, "transcribing");
  root = path.join(folder, "store");
  await madeByProvider();
});
afterEach(() => nodes.stop());

/** A recording that the provider has made a file of, ten seconds long. */
async function madeByProvider(): Promise<void> {
  await test.advanceTime(61_000);
  const asked = { meetingId };
  const start = "meetings/stream/index:startRecording";
  ({ recordingId } = await stage.call<{ recordingId: string }>(host, start, asked));
  const key = `recordings/${recordingId}/made.mp4`;
  await mkdir(path.join(root, "recordings", recordingId), { recursive: true });
  await writeFile(path.join(root, key), "a film");
  await test.sql(
    `UPDATE recordings SET provider = 'getstream', state = 'ready', deadline_at = NULL, tracks = '[]',
       started_at = app_now() - interval '10 s', stopped_at = app_now() WHERE id = $1`,
    [recordingId],
  );
  await test.sql(
    `INSERT INTO renditions (id, meeting_id, recording_id, quality, layout, audio_only, state, storage_key, size_bytes, probe, ready_at)
     SELECT 'rendition_' || id, meeting_id, id, quality, layout, audio_only, 'ready', $2, 6, $3, app_now() FROM recordings WHERE id = $1`,
    [recordingId, key, JSON.stringify({ durationMs })],
  );
  const [row] = await test.sql<{ at: Date }>(
    "SELECT started_at AS at FROM recordings WHERE id = $1",
    [recordingId],
  );
  startedAt = row?.at.getTime() ?? 0;
}

/** A second that somebody says. */
const heard = (text: string, mediaMs: number): Heard => ({
  ...{ recordingId, heard: { mixed: mediaMs + 1_000 }, notUnderstood: [] },
  lines: [
    {
      ...{ trackId: "mixed", userId: null, text, confidence: 0.9, language: "en", mediaMs },
      ...{ startMs: startedAt + mediaMs, endMs: startedAt + mediaMs + 1_000 },
    },
  ],
});
const node = (listen: Parameters<HearingNodes["start"]>[0]) =>
  nodes.start(listen, { workDir, root });
const ask = () => stage.call<{ state: string }>(host, name, { recordingId });
const refused = (who = host) => stage.refusal(who, name, { recordingId });
const soon = (check: () => Promise<void>) => vi.waitFor(check, patience);
const isOver = () =>
  soon(async () => expect((await hearingOf(test, { recordingId }))?.state).not.toBe("listening"));

it("is written down once, of nobody in particular, from a copy that is removed", async () => {
  const copies: string[] = [];
  const { asked } = node(async (recording, onHeard) => {
    if ("file" in recording) copies.push(await readFile(recording.file, "utf8"));
    await onHeard(heard("I will send the slides.", 1_000));
  });
  const answers = await Promise.all([ask(), ask()]);
  for (const answer of answers)
    expect(answer).toMatchObject({ state: "running", mixedSound: true, progress: 0 });
  await isOver();
  expect(await ask()).toMatchObject({ state: "complete", mixedSound: true, progress: 1 });
  expect(asked).toMatchObject([{ recordingId, startedAt, heard: {} }]);
  expect(copies).toEqual(["a film"]);
  expect(await readdir(workDir)).toEqual([]);
  const lines = await stage.call<{ speakerId?: string; text: string }[]>(
    ...([host, "transcripts/ingestion:getTranscriptChunks", { meetingId, limit: 10 }] as const),
  );
  expect(lines.map(({ text, speakerId }) => [text, speakerId])).toEqual([
    ["I will send the slides.", undefined],
  ]);
});

it("is done by another server when the first is killed, without a line twice", async () => {
  const killed = node(async (_, onHeard, signal) => {
    await onHeard(heard("First.", 1_000));
    await nodes.untilReleased(signal);
    await onHeard(heard("Too late.", 5_000)).catch(() => undefined);
  });
  await ask();
  await soon(async () => expect(await texts(test, { meetingId })).toEqual(["First."]));
  expect(await ask()).toMatchObject({ state: "running", progress: 0.2 });
  await test.sql("UPDATE recording_transcripts SET lease_until = app_now() - interval '1 ms'");
  const next = node(async (_, onHeard) => onHeard(heard("Second.", 5_000)));
  await isOver();
  nodes.release();
  await killed.loop.stop();
  expect(next.asked[0]?.heard).toEqual({ mixed: 2_000 });
  expect(await texts(test, { meetingId })).toEqual(["First.", "Second."]);
  expect(await readdir(workDir)).toEqual([]);
});

it("says why it failed where the store has the file no longer", async () => {
  await test.sql("UPDATE renditions SET storage_key = 'recordings/none/none.mp4'");
  node(async () => undefined);
  await ask();
  await soon(async () => {
    await test.sql("UPDATE recording_transcripts SET next_at = app_now() WHERE owner IS NULL");
    expect(await ask()).toMatchObject({ error: expect.stringContaining("ENOENT") });
  });
});

it("is for hosts", async () => {
  const { identity: guest } = await guestOf(stage, host, meetingId);
  expect(await refused(guest)).toMatchObject({ code: "INSUFFICIENT_PERMISSIONS" });
  expect(await refused(person())).toMatchObject({ code: "NOT_FOUND" });
});

it("is refused once somebody has deleted what they said, whose words could not be told from others'", async () => {
  await stage.call(host, "transcripts/mutations:deleteSpeakerLines", { meetingId });
  expect(await refused()).toMatchObject({
    ...{ code: "CONFLICT", metadata: { reason: "transcript_deleted" } },
  });
});

it("leaves out what was said before somebody deleted their words meanwhile", async () => {
  node(async (_, onHeard, signal) => {
    await onHeard(heard("First.", 1_000));
    await nodes.untilReleased(signal);
    await onHeard(heard("Second.", 5_000));
  });
  await ask();
  await soon(async () => expect(await texts(test, { meetingId })).toEqual(["First."]));
  await stage.call(host, "transcripts/mutations:deleteSpeakerLines", { meetingId });
  nodes.release();
  await isOver();
  expect(await texts(test, { meetingId })).toEqual(["First."]);
});
