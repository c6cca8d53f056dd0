import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { newId } from "../../../src/core/ids.ts";
import { silentLog } from "../../../src/core/log.ts";
import { workOnNotices } from "../../../src/jobs/notices.ts";
import { peopleInRoom } from "../../../src/meetings/people/presence.ts";
import { settleDue } from "../../../src/recordings/lifecycle/settle.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { noticeHealth, storeNotice } from "../../../src/recordings/notices.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage, type Stage } from "../support/recordings.ts";

let test: TestDatabase;
let stage: Stage;
let meeting: { meetingId: string; hostId: string };
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  stage = recordingStage(test);
  Object.assign(stage.video.capabilities, { composesLocally: false, statePollMs: 3_600_000 });
  await test.sql("UPDATE recordings SET deadline_at = NULL");
  await test.sql("DELETE FROM provider_notices");
  meeting = await activeMeeting(test);
});

/** Stored as the webhook stores it; the room of a meeting has its id. */
const tell = (
  type: string,
  body: Record<string, unknown> = {},
  { id = newId("commits"), roomId = meeting.meetingId } = {},
) =>
  test.db.transaction((tx) =>
    storeNotice(tx, { id, type, roomId, body: { created_at: new Date().toISOString(), ...body } }),
  );
const work = () => workOnNotices({ db: test.db, clock: systemClock, log: silentLog });
const stateOf = async (id: string) =>
  (await test.sql<{ state: string }>("SELECT state FROM recordings WHERE id = $1", [id]))[0]?.state;
const ready = (egress_id: string, filename: string) =>
  tell("call.recording_ready", {
    egress_id,
    recording_type: "composite",
    call_recording: { session_id: "s", filename, url: "https://x", recording_type: "composite" },
  });

it("is stored once, however often it is told", async () => {
  expect(await tell("call.ended", {}, { id: "notice-1" })).toBe(true);
  expect(await tell("call.ended", {}, { id: "notice-1" })).toBe(false);
  expect(await work()).toBe(1);
  expect(await work()).toBe(0);
});

it("of a recording has it looked at now, and what the provider says decides", async () => {
  const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
  stage.video.seal(recordingId, "session_ended");
  await settleDue(stage.services);
  expect(await stateOf(recordingId)).toBe("recording");
  await tell("call.recording_stopped", { egress_id: "e1", recording_type: "composite" });
  await work();
  await settleDue(stage.services);
  expect(await stateOf(recordingId)).toBe("processing");
});

it.each([
  ["another kind of recording", "call.recording_stopped", { recording_type: "individual" }],
  ["something unknown", "call.something_new", {}],
])("of %s does nothing", async (_, type, body) => {
  const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
  stage.video.seal(recordingId, "session_ended");
  await tell(type, body);
  await work();
  await settleDue(stage.services);
  expect(await stateOf(recordingId)).toBe("recording");
});

it("of a call that is not ours is kept and ignored", async () => {
  await tell("call.recording_ready", { egress_id: "e9" }, { roomId: "stranger" });
  expect(await work()).toBe(1);
});

it("tells by its egress which of two recordings a file is of, in whatever order it comes", async () => {
  const first = await startRecording(stage.services, meeting.hostId, meeting);
  await tell("call.recording_started", { egress_id: "a", recording_type: "composite" });
  await work();
  stage.video.next("stopRecording", () => ({ status: "finishing" }));
  await stopRecording(stage.services, meeting.hostId, meeting);
  stage.video.next("stopRecording", () => ({ status: "finishing" }));
  await test.advanceTime(12_000);
  await settleDue(stage.services);
  const second = await startRecording(stage.services, meeting.hostId, meeting);
  await tell("call.recording_started", { egress_id: "b", recording_type: "composite" });
  await work();
  await ready("b", "second.mp4");
  await ready("a", "first.mp4");
  await ready("a", "first.mp4");
  await work();
  const files = await test.sql<{ file: string; recording_id: string }>(
    "SELECT file, recording_id FROM provider_files WHERE room_id = $1 ORDER BY file",
    [meeting.meetingId],
  );
  expect(files).toEqual([
    { file: "s/first.mp4", recording_id: first.recordingId },
    { file: "s/second.mp4", recording_id: second.recordingId },
  ]);
  await settleDue(stage.services);
  const renditions = await test.sql("SELECT 1 FROM renditions WHERE recording_id = $1", [
    first.recordingId,
  ]);
  expect(renditions).toHaveLength(1);
});

describe("what is worked on only after the next recording was asked for", () => {
  const names = async () => {
    const rows = await test.sql<{ name: string | null }>(
      "SELECT egress_id AS name FROM recordings WHERE room_id = $1 ORDER BY requested_at",
      [meeting.meetingId],
    );
    return rows.map(({ name }) => name);
  };
  const record = async () => {
    await startRecording(stage.services, meeting.hostId, meeting);
  };
  const finish = async () => {
    stage.video.next("stopRecording", () => ({ status: "finishing" }));
    await stopRecording(stage.services, meeting.hostId, meeting);
    stage.video.next("stopRecording", () => ({ status: "finishing" }));
    await test.advanceTime(12_000);
    await settleDue(stage.services);
  };

  it("names the recording that ran when it came", async () => {
    await record();
    await tell("call.recording_started", { egress_id: "late" });
    await finish();
    await record();
    await work();
    expect(await names()).toEqual(["late", null]);
  });

  it("names none where it came later too: it may be of either", async () => {
    await record();
    await finish();
    await record();
    await tell("call.recording_started", { egress_id: "later" });
    await work();
    expect(await names()).toEqual([null, null]);
  });
});

describe("presence", () => {
  const minuteAgo = Date.now() - 60_000;
  const at = (ms: number) => new Date(minuteAgo + ms).toISOString();
  const word = (type: "joined" | "left", session: string, ms: number) =>
    tell(`call.session_participant_${type}`, {
      created_at: at(ms),
      participant: { user: { id: meeting.hostId }, user_session_id: session, role: "admin" },
    });
  const people = () => test.db.read((tx) => peopleInRoom(tx, meeting.meetingId));

  it("lasts until the second of two devices has left", async () => {
    await word("joined", "phone", 0);
    await word("joined", "laptop", 10);
    await word("left", "phone", 20);
    await work();
    expect(await people()).toEqual([meeting.hostId]);
    await word("left", "laptop", 30);
    await work();
    expect(await people()).toEqual([]);
  });

  it("is not begun again by an old word", async () => {
    await word("left", "phone", 20);
    await work();
    await word("joined", "phone", 10);
    await work();
    expect(await people()).toEqual([]);
  });

  it("ends for everybody with the session", async () => {
    await word("joined", "phone", 0);
    await work();
    await tell("call.session_ended", { created_at: at(50), session_id: "s" });
    await work();
    expect(await people()).toEqual([]);
  });
});

it("shows an operator that the webhook does not arrive", async () => {
  await test.sql("UPDATE recordings SET provider = 'getstream', started_at = NULL");
  const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
  await test.sql(
    `UPDATE recordings SET provider = 'getstream', started_at = app_now() - interval '2 minutes',
       requested_at = app_now() - interval '2 minutes' WHERE id = $1`,
    [recordingId],
  );
  expect(await test.db.read(noticeHealth)).toEqual({ started: 1, untold: 1 });
  await tell("call.recording_started", { egress_id: "z" });
  await test.sql("UPDATE provider_notices SET received_at = app_now() - interval '2 minutes'");
  expect(await test.db.read(noticeHealth)).toEqual({ started: 1, untold: 0 });
});
