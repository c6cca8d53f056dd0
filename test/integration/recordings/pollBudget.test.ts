import { afterAll, beforeAll, expect, it } from "vitest";
import { AppError } from "../../../src/core/errors.ts";
import { settleDue } from "../../../src/recordings/lifecycle/settle.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { noteRate } from "../../../src/recordings/providerRates.ts";
import { now } from "../../../src/recordings/store.ts";
import { takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage, type Stage } from "../support/recordings.ts";

takeTime();

/** What Stream answers an application in a minute: lists of files, and reads of calls. */
const limitPerMinute = 1_000;
const meetings = 200;
const stepMs = 5_000;

let test: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  test = await testDatabase();
  stage = recordingStage(test);
  Object.assign(stage.video.capabilities, { composesLocally: false });
});
afterAll(() => test.close());

/** Everything that is due, as a node's loop does it. */
async function settleAll(): Promise<void> {
  while ((await settleDue(stage.services)) > 0);
}

/** Recordings whose end is due, and whose file does not come. */
async function endAll(): Promise<void> {
  await test.sql("DELETE FROM provider_rates");
  await test.sql("UPDATE recordings SET deadline_at = NULL, state = 'ready'");
  for (let count = 0; count < meetings; count++) {
    const meeting = await activeMeeting(test);
    await startRecording(stage.services, meeting.hostId, meeting);
  }
  await test.sql(
    `UPDATE recordings SET state = 'stopping', stop_requested_at = app_now(), deadline_at = app_now()
     WHERE state = 'recording'`,
  );
}

const finishing = async () => ({ status: "finishing" as const });

/** How often each minute was asked, of so many. */
async function askedPerMinute(minutes: number, ask: () => number): Promise<number[]> {
  const perMinute: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const before = ask();
    for (let ms = 0; ms < 60_000; ms += stepMs) {
      await test.advanceTime(stepMs);
      await settleAll();
    }
    perMinute.push(ask() - before);
  }
  return perMinute;
}

it(`${meetings} meetings that end at once ask no more than their provider answers`, async () => {
  await endAll();
  stage.video.stopRecording = finishing;
  let asked = 0;
  stage.video.recordingState = () => {
    asked++;
    return finishing();
  };
  const perMinute = await askedPerMinute(4, () => asked);
  expect(Math.max(...perMinute)).toBeLessThanOrEqual(limitPerMinute * 0.8);
  // And each is asked for all the same.
  expect(Math.min(...perMinute)).toBeGreaterThanOrEqual(meetings);
});

it("a provider that answers less than usual is asked less, by all nodes, once it has said so", async () => {
  await endAll();
  stage.video.stopRecording = finishing;
  const limit = 150;
  let [asked, refused] = [0, 0];
  let window = { endsAt: 0, count: 0 };
  stage.video.recordingState = async () => {
    const at = await test.db.read(async (tx) => now(tx));
    if (at >= window.endsAt) window = { endsAt: at + 60_000, count: 0 };
    window.count++;
    asked++;
    const remaining = Math.max(0, limit - window.count);
    const rate = { endpoint: "ListRecordings", limit, remaining, leftMs: window.endsAt - at };
    if (remaining < limit * 0.4) await test.db.transaction((tx) => noteRate(tx, rate));
    if (window.count <= limit) return finishing();
    refused++;
    const metadata = { providerStatus: 429, retryAfterMs: rate.leftMs, outcome: "none" };
    throw new AppError("STREAM_ERROR", "too many", metadata);
  };
  // Only at first, before it has said how little it answers.
  await askedPerMinute(2, () => asked);
  const atFirst = { asked, refused };
  expect(refused).toBeLessThan(meetings);
  await askedPerMinute(6, () => asked);
  expect(refused).toBe(atFirst.refused);
  // And each is asked for all the same.
  expect(asked - atFirst.asked).toBeGreaterThan(2 * meetings);
});
