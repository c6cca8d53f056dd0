import { readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { WhipPublisher } from "../../src/synth/transport/whipPublisher.ts";
import { takeTime } from "../support/patience.ts";
import {
  getRecording,
  type RecordingDetail,
  startedMeeting,
  startRecording,
  stopRecording,
} from "./support/meetings.ts";
import { type Person, signIn } from "./support/person.ts";
import { killAll } from "./support/processes.ts";
import { mediaOf, publish } from "./support/publishing.ts";
import { darkStretches, look, stoodStill } from "./support/seen.ts";
import { freePort, type ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { eventually, until } from "./support/until.ts";

let site: Site;
let server: ServerProcess;
let port: number;

beforeAll(async () => {
  site = await openSite();
  port = await freePort();
  server = await site.start({}, port);
});
afterAll(() => site.close());

takeTime();

/** No beep is longer. */
const beepMs = 200;
const config = { quality: "360p", layout: "grid" };
const folderOf = (recordingId: string) =>
  path.join(site.dataDir, "composing", recordingId, "grid-360p");

/** Whole slices that lie in the work folder. */
async function slices(recordingId: string): Promise<string[]> {
  const names = await readdir(folderOf(recordingId)).catch(() => []);
  return names.filter((name) => name.endsWith(".slice")).sort();
}

const lies = (recordingId: string, count: number) =>
  until(`${count} slices lie in the folder`, 240_000, async () => {
    return (await slices(recordingId)).length >= count;
  });

async function fileOf(host: Person, recording: RecordingDetail): Promise<string> {
  const answer = await fetch(recording.recordingUrl, {
    headers: { authorization: `Bearer ${host.token}` },
  });
  expect(answer.status).toBe(200);
  const file = path.join(path.dirname(site.dataDir), `${recording.recordingId}.mp4`);
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));
  return file;
}

/** Every second was sent a picture, and each is in the file at its time. */
async function expectSeamless(
  host: Person,
  publisher: WhipPublisher,
  recording: RecordingDetail,
): Promise<void> {
  expect(recording.error).toBeUndefined();
  expect(recording.probe?.problems).toEqual([]);
  const file = await fileOf(host, recording);
  const { marks, pictures, beeps } = look(file, [{ x: 0, y: 0, width: 640, height: 360 }]);
  const { startedAt = 0, durationMs = 0 } = recording;
  expect(pictures).toBe(Math.round((durationMs * 30) / 1000));
  const sent = publisher.sentFrames;
  expect(darkStretches(marks[0] ?? [], sent, { startedAt, durationMs }, 500)).toEqual([]);
  const onsets = beeps(0);
  expect(onsets.length).toBeGreaterThan(durationMs / 2000);
  const steps = onsets.slice(1).map((toMs, index) => ({ fromMs: onsets[index] ?? 0, toMs }));
  for (const step of steps) {
    const span = { fromMs: step.fromMs - beepMs, toMs: step.toMs + beepMs };
    if (stoodStill(sent, startedAt, span)) continue;
    expect(Math.abs(step.toMs - step.fromMs - 1000)).toBeLessThan(60);
  }
}

it("are composed while the meeting runs, survive every kill, and leave only the tail for the stop", {
  timeout: 600_000,
}, async () => {
  const host = await signIn(server.url, "host");
  const meetingId = await startedMeeting(host);
  const publisher = await publish(server.url, host, meetingId, {
    ...{ media: await mediaOf(0), reconnect: true },
  });
  const { recordingId } = await startRecording(host, meetingId, config);
  await lies(recordingId, 1);
  const first = await stat(path.join(folderOf(recordingId), (await slices(recordingId))[0] ?? ""));

  const composer = await eventually("a composer is at work", 240_000, async () => {
    const found = await site.processes("composer");
    return found.length > 0 ? found : undefined;
  });
  await killAll(composer);
  await server.kill();
  server = await site.start({}, port);
  await lies(recordingId, 2);

  const before = await slices(recordingId);
  await stopRecording(host, meetingId);
  const told: number[] = [];
  const recording = await eventually("the file is ready", 240_000, async () => {
    const found = await getRecording(host, recordingId);
    if (found.state === "processing" && found.progress.done > 0) told.push(found.progress.done);
    return found.state === "ready" || found.state === "failed" ? found : undefined;
  });
  // What had been composed counts from the first word on.
  const composed = before.length * 16_000;
  expect(Math.min(...told, 1)).toBeGreaterThan(0.5 * (composed / (recording.durationMs ?? 0)));
  expect(first.size).toBeGreaterThan(10_000);
  await publisher.close();
  await expectSeamless(host, publisher, recording);
  expect(server.output()).not.toContain("composing in one pass");
  await until("the slices are gone", 90_000, async () => (await slices(recordingId)).length === 0);
});
