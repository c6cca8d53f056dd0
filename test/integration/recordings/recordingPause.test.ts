import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../../src/core/errors.ts";
import { pauseRecording, resumeRecording } from "../../../src/recordings/lifecycle/pause.ts";
import { wishPause } from "../../../src/recordings/lifecycle/pauseWish.ts";
import { requestStopForMeeting } from "../../../src/recordings/lifecycle/requestStop.ts";
import { settleDue } from "../../../src/recordings/lifecycle/settle.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { guestOf, meetingOf, meetingStage, person, userIdOf } from "../support/meetingCalls.ts";
import { activeMeeting, recordingStage, type Stage } from "../support/recordings.ts";
import { timeout } from "../support/scriptedVideo.ts";

const pause = "recordings/actions:pauseRecording";
const resume = "recordings/actions:resumeRecording";
const get = "recordings/queries:getRecording";

interface Detail {
  state: string;
  pausedAt?: number;
  startedByName?: string;
  durationMs?: number;
  stoppedAt?: number;
  startedAt?: number;
  pauses: { atMs: number; durationMs: number; startedAt: number; endedAt: number }[];
}

let test: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  stage = recordingStage(test);
  await test.sql(`UPDATE recordings SET deadline_at = NULL`);
});

async function running() {
  const meeting = await activeMeeting(test);
  const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
  return { ...meeting, recordingId };
}

const providerState = async (recordingId: string) => {
  const state = await stage.video.recordingState({ recordingId, roomId: "", meetingId: "" });
  if (state.status !== "recording") return state.status;
  return state.pausedAt === undefined ? "recording" : "paused";
};

async function row(id: string) {
  const [found] = await test.sql<{ state: string; wanted: boolean; paused: boolean; n: number }>(
    `SELECT state, pause_wanted AS wanted, paused_at IS NOT NULL AS paused,
       jsonb_array_length(pauses) AS n FROM recordings WHERE id = $1`,
    [id],
  );
  return found;
}

const events = async (id: string) =>
  (
    await test.sql<{ type: string }>(
      `SELECT type FROM meeting_events WHERE recording_id = $1 AND type ~ 'pause|resume' ORDER BY id`,
      [id],
    )
  ).map(({ type }) => type);

async function pass(ms = 3000): Promise<void> {
  await test.advanceTime(ms);
  await settleDue(stage.services);
}

const refused = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof AppError ? error : undefined),
  );

it("a recording has no more than 200 pauses, and goes on", async () => {
  const { recordingId, hostId } = await running();
  const pauses = (count: number) =>
    test.sql(
      `UPDATE recordings SET pauses = (SELECT jsonb_agg(jsonb_build_object('atMs', n, 'durationMs', 1,
         'startedAt', n, 'endedAt', n + 1)) FROM generate_series(1, $2::int) n) WHERE id = $1`,
      [recordingId, count],
    );
  await pauses(200);
  expect(await refused(pauseRecording(stage.services, hostId, recordingId))).toMatchObject({
    code: "CONFLICT",
    metadata: { reason: "too_many_pauses", limit: 200 },
  });
  expect(await providerState(recordingId)).toBe("recording");
  expect(await row(recordingId)).toMatchObject({ state: "recording", wanted: false });
  await pauses(199);
  await pauseRecording(stage.services, hostId, recordingId);
  expect(await providerState(recordingId)).toBe("paused");
});

describe("the functions", () => {
  it("pause and resume for the host; everybody in the meeting sees it", async () => {
    const calls = meetingStage(test);
    const host = person({ name: "Ada" });
    const meetingId = await meetingOf(calls, host);
    const { recordingId } = await startRecording(calls.services, await userIdOf(calls, host), {
      meetingId,
    });
    const paused = await calls.call<{ pausedAt: number }>(host, pause, { recordingId });
    expect(paused).toEqual({ success: true, paused: true, pausedAt: expect.any(Number) });
    const { identity } = await guestOf(calls, host, meetingId);
    expect(await calls.call(identity, "meetings/queries:getMeeting", { meetingId })).toMatchObject({
      recording: { recordingId, pausedAt: paused.pausedAt, startedByName: "Ada" },
    });
    expect(await calls.call<Detail>(identity, get, { recordingId })).toMatchObject({
      ...{ state: "recording", pausedAt: paused.pausedAt, pauses: [], startedByName: "Ada" },
    });
    expect(await calls.call(host, resume, { recordingId })).toEqual({
      ...{ success: true, paused: false },
    });
    const detail = await calls.call<Detail>(identity, get, { recordingId });
    expect(detail.pausedAt).toBeUndefined();
    expect(detail.pauses).toMatchObject([{ startedAt: paused.pausedAt }]);
    await stopRecording(calls.services, await userIdOf(calls, host), { meetingId });
    const ended = await calls.call<Detail>(host, get, { recordingId });
    const { startedAt = 0, stoppedAt = 0, pauses } = ended;
    expect(ended.durationMs).toBe(stoppedAt - startedAt - (pauses[0]?.durationMs ?? 0));
  });

  it("refuse wrong arguments, strangers, guests and recordings there are none of", async () => {
    const calls = meetingStage(test);
    const host = person();
    const meetingId = await meetingOf(calls, host);
    const { recordingId } = await startRecording(calls.services, await userIdOf(calls, host), {
      meetingId,
    });
    const { identity } = await guestOf(calls, host, meetingId);
    for (const name of [pause, resume]) {
      expect((await calls.refusal(host, name, {})).code).toBe("VALIDATION_ERROR");
      expect((await calls.refusal(host, name, { recordingId: 7 })).code).toBe("VALIDATION_ERROR");
      expect((await calls.refusal(identity, name, { recordingId })).code).toBe(
        "INSUFFICIENT_PERMISSIONS",
      );
      expect((await calls.refusal(person(), name, { recordingId })).code).toBe("NOT_FOUND");
      expect((await calls.refusal(host, name, { recordingId: "recording_no" })).code).toBe(
        "NOT_FOUND",
      );
    }
    expect(calls.video.calls.pauseRecording).toEqual([]);
  });
});

describe("a pause", () => {
  it("is durable before the provider is asked, and announced once however often it is asked for", async () => {
    const { hostId, recordingId } = await running();
    let seen: unknown;
    stage.video.next("pauseRecording", async () => {
      seen = await row(recordingId);
      throw timeout();
    });
    expect((await refused(pauseRecording(stage.services, hostId, recordingId)))?.code).toBe(
      "EXTERNAL_SERVICE_TIMEOUT",
    );
    expect(seen).toMatchObject({ state: "recording", wanted: true, paused: false });
    const first = await pauseRecording(stage.services, hostId, recordingId);
    expect(await pauseRecording(stage.services, hostId, recordingId)).toEqual(first);
    expect(await events(recordingId)).toEqual(["recording_pause_requested", "recording_paused"]);
    await resumeRecording(stage.services, hostId, recordingId);
    await resumeRecording(stage.services, hostId, recordingId);
    expect((await events(recordingId)).slice(2)).toEqual([
      ...["recording_resume_requested", "recording_resumed"],
    ]);
    expect(await row(recordingId)).toMatchObject({ wanted: false, paused: false, n: 1 });
  });

  it("is carried out by settle when whoever asked died before the provider heard of it", async () => {
    const { hostId, recordingId } = await running();
    await test.db.transaction((tx) => wishPause(tx, recordingId, true, hostId));
    await pass();
    expect(await providerState(recordingId)).toBe("paused");
    expect(await row(recordingId)).toMatchObject({ state: "recording", paused: true });
    await test.db.transaction((tx) => wishPause(tx, recordingId, false, hostId));
    await pass();
    expect(await providerState(recordingId)).toBe("recording");
    expect(await row(recordingId)).toMatchObject({ paused: false, n: 1 });
  });

  it("is noted by settle when whoever asked died after the provider did it", async () => {
    const { hostId, recordingId } = await running();
    await test.db.transaction((tx) => wishPause(tx, recordingId, true, hostId));
    await stage.video.pauseRecording({ recordingId, roomId: "", meetingId: "" });
    await pass();
    expect(await row(recordingId)).toMatchObject({ paused: true });
    expect(stage.video.calls.pauseRecording).toHaveLength(1);
  });

  it("is undone at the provider when nobody wishes it", async () => {
    const { recordingId } = await running();
    await stage.video.pauseRecording({ recordingId, roomId: "", meetingId: "" });
    await pass();
    expect(await providerState(recordingId)).toBe("recording");
  });

  it("and a resume at the same time end as the last wish says, in the row and at the provider", async () => {
    const { hostId, recordingId } = await running();
    for (let round = 0; round < 5; round++) {
      await Promise.all([
        pauseRecording(stage.services, hostId, recordingId),
        resumeRecording(stage.services, hostId, recordingId),
      ]);
      await pass();
      const { wanted, paused } = (await row(recordingId)) ?? {};
      expect(paused).toBe(wanted);
      expect(await providerState(recordingId)).toBe(wanted ? "paused" : "recording");
    }
  });

  it("is refused unless the recording runs, and where the provider cannot", async () => {
    const { hostId, meetingId, recordingId } = await running();
    await stopRecording(stage.services, hostId, { meetingId });
    for (const call of [pauseRecording, resumeRecording])
      expect(await refused(call(stage.services, hostId, recordingId))).toMatchObject({
        ...{ code: "CONFLICT", metadata: { recordingId, state: "processing" } },
      });
    const capabilities = { ...stage.video.capabilities, pauses: false };
    const services = { ...stage.services, video: { ...stage.video, capabilities } };
    expect(await refused(pauseRecording(services, hostId, recordingId))).toMatchObject({
      ...{ code: "VALIDATION_ERROR", metadata: { reason: "pause_unsupported" } },
    });
  });

  it("of a recording that the provider ended takes over what there is", async () => {
    const { hostId, recordingId } = await running();
    stage.video.seal(recordingId, "disk_full");
    expect(await refused(pauseRecording(stage.services, hostId, recordingId))).toMatchObject({
      ...{ code: "CONFLICT", metadata: { state: "processing" } },
    });
  });
});

describe("a paused recording", () => {
  it("is stopped like any other; its last pause is not in its length", async () => {
    const { hostId, meetingId, recordingId } = await running();
    await pauseRecording(stage.services, hostId, recordingId);
    const { duration } = await stopRecording(stage.services, hostId, { meetingId });
    expect(await row(recordingId)).toMatchObject({ state: "processing", n: 1 });
    const [times] = await test.sql<{ ms: number }>(
      `SELECT (extract(epoch FROM stopped_at - started_at) * 1000)::float AS ms FROM recordings WHERE id = $1`,
      [recordingId],
    );
    expect(duration).toBeLessThan(times?.ms ?? 0);
  });

  it("ends with its meeting, when everybody has gone, and at its maximum duration", async () => {
    const ended = await running();
    const empty = await running();
    const long = await running();
    for (const { hostId, recordingId } of [ended, empty, long])
      await pauseRecording(stage.services, hostId, recordingId);
    await test.db.transaction((tx) =>
      requestStopForMeeting(tx, ended.meetingId, { reason: "meeting_ended" }),
    );
    await test.sql(
      `UPDATE meeting_participants SET in_room = false, left_at = app_now() WHERE meeting_id = $1`,
      [empty.meetingId],
    );
    await pass(61_000);
    await pass();
    expect((await row(ended.recordingId))?.state).toBe("processing");
    expect((await row(empty.recordingId))?.state).toBe("processing");
    expect((await row(long.recordingId))?.state).toBe("recording");
    await pass(3_600_000);
    await pass();
    expect((await row(long.recordingId))?.state).toBe("processing");
  });
});
