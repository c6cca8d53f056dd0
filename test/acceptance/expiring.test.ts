import { readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import { rowsOf } from "./support/database.ts";
import {
  getRecording,
  hasEnded,
  startedMeeting,
  startRecording,
  stopRecording,
} from "./support/meetings.ts";
import { signIn } from "./support/person.ts";
import { recordedFile } from "./support/recorded.ts";
import { openSite, type Site } from "./support/site.ts";
import { until } from "./support/until.ts";

takeTime();

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const onDisk = (recordingId: string) =>
  readdir(path.join(site.dataDir, "recordings", recordingId)).catch(() => []);

it("a recording that was kept long enough goes with all its files, also by a server that was killed over it", async () => {
  const first = await site.start();
  const host = await signIn(first.url, "Host");
  const recordingUrl = await recordedFile(first.url, host);
  const recordingId = path.basename(recordingUrl, ".mp4");
  const meetingId = await startedMeeting(host);
  const young = await startRecording(host, meetingId);
  await stopRecording(host, meetingId);
  await hasEnded(host, young.recordingId);
  expect(await onDisk(recordingId)).not.toEqual([]);
  await rowsOf(
    site.dataDir,
    `UPDATE recordings SET stopped_at = stopped_at - interval '2 days' WHERE id = $1`,
    [recordingId],
  );
  await first.kill();
  const port = Number(new URL(first.url).port);
  const env = { CONNVO_KEEP_RECORDINGS_DAYS: "1" };
  await (await site.start(env, port)).kill();
  await site.start(env, port);
  const authorization = `Bearer ${host.token}`;
  const status = async () => (await fetch(recordingUrl, { headers: { authorization } })).status;
  await until("it is gone", 60_000, async () => (await status()) === 410);
  await until("so are its files", 60_000, async () => (await onDisk(recordingId)).length === 0);
  expect(await getRecording(host, young.recordingId)).toMatchObject({ state: "failed" });
  const audit = await rowsOf(
    site.dataDir,
    `SELECT actor_user_id AS actor, metadata FROM audit_logs
     WHERE resource_id = $1 AND action = 'recording.delete'`,
    [recordingId],
  );
  const metadata = { reason: "retention", plan: "paid", keptDays: 1 };
  expect(audit).toEqual([{ actor: null, metadata }]);
});
