import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import { endMeeting } from "../../../src/meetings/lifecycle/endMeeting.ts";
import { settleRooms } from "../../../src/meetings/lifecycle/settleRooms.ts";
import type { MeetingServices } from "../../../src/meetings/services.ts";
import { settleDue } from "../../../src/recordings/lifecycle/settle.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { noteRate } from "../../../src/recordings/providerRates.ts";
import type { RecordingServices } from "../../../src/recordings/services.ts";
import {
  type GetStreamStandIn,
  startGetStreamStandIn,
} from "../../../src/synth/getstream/server.ts";
import { GetStreamVideoProvider } from "../../../src/video/getstream/provider.ts";
import { withResilience } from "../../../src/video/resilience.ts";
import { takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage } from "../support/recordings.ts";

takeTime();

/** Requests that Stream answers an application in a minute, 2026-04-17; what it does not name is read or written as often as a call is. */
const published: Record<string, number> = {
  ...{ StartRecording: 300, StopRecording: 300, DeleteCall: 60, UpdateCallType: 300 },
};
const limitOf = (operation: string) => published[operation] ?? 1_000;
/** What everything else that a server does with its meetings may still use. */
const mostOfLimit = 0.8;
const meetings = 200;
const stepMs = 5_000;
const minuteMs = 60_000;
const zero = 1_800_000_000_000;

let test: TestDatabase;
let stream: GetStreamStandIn;
let services: RecordingServices & MeetingServices;
let elapsedMs = 0;
const noted: Promise<unknown>[] = [];

beforeAll(async () => {
  test = await testDatabase();
  const sleep = () => new Promise<void>((resolve) => setImmediate(resolve));
  const clock = { now: () => zero + elapsedMs, sleep };
  const options = { now: clock.now, filesAtOnce: false, perMinute: limitOf };
  stream = await startGetStreamStandIn(options);
  const { apiKey, apiSecret, url: baseUrl } = stream;
  const log = silentLog;
  const provider = new GetStreamVideoProvider({
    ...{ apiKey, apiSecret, baseUrl, clock, log },
    onScarce: (rate) => noted.push(test.db.transaction((tx) => noteRate(tx, rate))),
  });
  const stage = recordingStage(test).services;
  const rooms = {
    iceServers: [],
    turnUrls: [],
    turnSecret: undefined,
    defaultPlan: "paid" as const,
  };
  const video = withResilience(provider, { log, clock, random: () => 0.5 });
  services = { ...stage, clock, video, config: { ...stage.config, ...rooms } };
});
afterAll(async () => {
  await Promise.all(noted);
  await stream.close();
  await test.close();
});

/** Everything that is due, as a node's loops do it. */
async function settleAll(): Promise<void> {
  while ((await settleDue(services)) + (await settleRooms(services)) > 0);
}

/** A minute that begins with `work`. @returns how often each operation was asked for */
async function minute(work: () => Promise<unknown> = async () => undefined) {
  const before = stream.requests.length;
  await work();
  for (let ms = 0; ms < minuteMs; ms += stepMs) {
    await settleAll();
    elapsedMs += stepMs;
    await test.advanceTime(stepMs);
  }
  const counts = new Map<string, number>();
  for (const name of stream.operations().slice(before))
    counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

async function recordedMeeting(): Promise<string> {
  const { hostId, meetingId } = await activeMeeting(test);
  stream.calls.users.set(hostId, { id: hostId, name: "Ada" });
  const members = [{ user_id: hostId, role: "admin" }];
  stream.calls.getOrCreate(meetingId, { created_by_id: hostId, members });
  stream.calls.join(meetingId, hostId);
  await startRecording(services, hostId, { meetingId });
  return meetingId;
}

const states = () =>
  test.sql<{ state: string; count: string }>(
    "SELECT state, count(*) FROM recordings GROUP BY state ORDER BY state",
  );

it(`${meetings} meetings that end at once ask no endpoint more than it answers`, async () => {
  await test.stopTime();
  const ids: string[] = [];
  const start = async () => {
    for (let count = 0; count < meetings; count++) ids.push(await recordedMeeting());
  };
  const end = async () => {
    for (const id of ids) await test.db.transaction((tx) => endMeeting(tx, services, id));
  };
  const finish = async () => {
    for (const id of ids) stream.calls.finishFiles(id);
  };
  const running = [await minute(start), await minute()];
  expect(await states()).toEqual([{ state: "recording", count: String(meetings) }]);
  const waiting = [await minute(end), await minute(), await minute(), await minute()];
  const coming = [await minute(finish), await minute()];
  for (const counts of [...running, ...waiting, ...coming])
    for (const [name, count] of counts)
      expect(count, name).toBeLessThanOrEqual(limitOf(name) * mostOfLimit);
  // And each is asked for all the same.
  for (const counts of waiting)
    expect(counts.get("ListRecordings")).toBeGreaterThanOrEqual(meetings);
  expect(await states()).toEqual([{ state: "processing", count: String(meetings) }]);
});
