import { afterAll, beforeAll, expect, it } from "vitest";
import { settleDue } from "../../../src/recordings/lifecycle/settle.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
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

it(`${meetings} meetings that end at once ask no more than their provider answers`, async () => {
  for (let count = 0; count < meetings; count++) {
    const meeting = await activeMeeting(test);
    await startRecording(stage.services, meeting.hostId, meeting);
  }
  await test.sql(
    `UPDATE recordings SET state = 'stopping', stop_requested_at = app_now(), deadline_at = app_now()`,
  );
  const finishing = async () => ({ status: "finishing" as const });
  stage.video.stopRecording = finishing;
  let asked = 0;
  stage.video.recordingState = () => {
    asked++;
    return finishing();
  };
  const perMinute: number[] = [];
  for (let minute = 0; minute < 4; minute++) {
    const before = asked;
    for (let ms = 0; ms < 60_000; ms += stepMs) {
      await test.advanceTime(stepMs);
      await settleAll();
    }
    perMinute.push(asked - before);
  }
  expect(Math.max(...perMinute)).toBeLessThanOrEqual(limitPerMinute * 0.8);
  // And each is asked for all the same.
  expect(Math.min(...perMinute)).toBeGreaterThanOrEqual(meetings);
});
