import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { AppError } from "../../../src/core/errors.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage, type Stage, user } from "../support/recordings.ts";
import { timeout } from "../support/scriptedVideo.ts";

let test: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(() => {
  stage = recordingStage(test);
});

async function refused(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

interface Row {
  id: string;
  state: string;
  error_code: string | null;
}
const rows = (meetingId: string) =>
  test.sql<Row>(`SELECT id, state, error_code FROM recordings WHERE meeting_id = $1`, [meetingId]);
const count = async (table: string, meetingId: string) =>
  (
    await test.sql<{ n: number }>(`SELECT count(*)::int AS n FROM ${table} WHERE meeting_id = $1`, [
      meetingId,
    ])
  )[0]?.n;

describe("a start", () => {
  it("answers with an id and a stable address once the provider has confirmed", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    const answer = await startRecording(stage.services, hostId, { meetingId });
    expect(answer).toEqual({
      recordingId: expect.stringMatching(/^recording_[0-9a-z]{26}$/),
      recordingUrl: `http://connvo.test/recordings/${answer.recordingId}.mp4`,
      success: true,
    });
    expect(await rows(meetingId)).toEqual([
      { id: answer.recordingId, state: "recording", error_code: null },
    ]);
    expect(stage.video.calls.startRecording).toEqual([answer.recordingId]);
  });

  it("is durable, audited and announced before the provider is called", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    let seen: unknown;
    stage.video.next("startRecording", async () => {
      seen = [
        (await rows(meetingId))[0]?.state,
        await count("audit_logs", meetingId),
        await count("meeting_events", meetingId),
      ];
      return { status: "recording", startedAt: Date.now() };
    });
    await startRecording(stage.services, hostId, { meetingId });
    expect(seen).toEqual(["starting", 1, 1]);
  });

  it("of sound only has an .m4a address", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    const config = { audioOnly: true };
    const answer = await startRecording(stage.services, hostId, {
      meetingId,
      recordingConfig: config,
    });
    expect(answer.recordingUrl).toMatch(/\.m4a$/);
  });
});

describe("a refused start changes nothing", () => {
  it.each([
    ["free tier", { tier: "free" }, {}, "VALIDATION_ERROR"],
    ["recording not permitted", { permitted: false }, {}, "VALIDATION_ERROR"],
    ["scheduled meeting", { state: "scheduled" }, {}, "MEETING_NOT_ACTIVE"],
    ["concluded meeting", { state: "concluded" }, {}, "MEETING_NOT_ACTIVE"],
    ["mode disabled", {}, { mode: "disabled" as const }, "VALIDATION_ERROR"],
  ])("%s", async (_name, meeting, recordingConfig, code) => {
    const { hostId, meetingId } = await activeMeeting(test, meeting);
    const error = await refused(
      startRecording(stage.services, hostId, { meetingId, recordingConfig }),
    );
    expect(error.code).toBe(code);
    expect(await rows(meetingId)).toEqual([]);
    expect(await count("audit_logs", meetingId)).toBe(0);
    expect(await count("meeting_events", meetingId)).toBe(0);
    expect(stage.video.calls.startRecording).toEqual([]);
  });

  it("too little free disk", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    stage.services.freeDiskBytes = async () => 999;
    const error = await refused(startRecording(stage.services, hostId, { meetingId }));
    expect(error.metadata).toMatchObject({ reason: "disk_reserve", freeBytes: 999 });
    expect(await rows(meetingId)).toEqual([]);
  });

  it("the organisation's quota is used up", async () => {
    const orgId = "org_quota";
    const first = await activeMeeting(test, { orgId });
    const { recordingId } = await startRecording(stage.services, first.hostId, first);
    await stopRecording(stage.services, first.hostId, { ...first, recordingId });
    const second = await activeMeeting(test, { orgId });
    const limited = { ...stage.services, config: { ...stage.services.config, quotaBytes: 1000 } };
    const error = await refused(startRecording(limited, second.hostId, second));
    expect(error.metadata).toMatchObject({ reason: "quota_exceeded", quotaBytes: 1000 });
    expect(await rows(second.meetingId)).toEqual([]);
  });
});

describe("starting twice", () => {
  it("answers the same start with the same recording and asks the provider once", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    const first = await startRecording(stage.services, hostId, { meetingId });
    const second = await startRecording(stage.services, hostId, { meetingId });
    expect(second).toEqual(first);
    expect(stage.video.calls.startRecording).toHaveLength(1);
  });

  it("at the same moment gives one recording, whoever wins", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    const other = recordingStage(test);
    // Each waits for the one that wins in real time, of which it has enough.
    const both = [stage, other, stage, other].map(({ services }) =>
      startRecording({ ...services, clock: systemClock }, hostId, { meetingId }),
    );
    const ids = new Set((await Promise.all(both)).map((answer) => answer.recordingId));
    expect(ids.size).toBe(1);
    expect(await rows(meetingId)).toHaveLength(1);
    const starts = [...stage.video.calls.startRecording, ...other.video.calls.startRecording];
    expect(starts).toHaveLength(1);
  });

  it("is not told that it records when it was stopped before it had begun", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    stage.video.next("startRecording", () => {
      throw timeout();
    });
    await refused(startRecording(stage.services, hostId, { meetingId }));
    const [first] = await rows(meetingId);
    const clock: Clock = {
      now: () => 0,
      sleep: async () => {
        await test.sql("UPDATE recordings SET state = 'stopping' WHERE id = $1", [first?.id]);
      },
    };
    const repeat = startRecording({ ...stage.services, clock }, hostId, { meetingId });
    const { code, metadata } = await refused(repeat);
    expect([code, metadata]).toMatchObject([
      "CONFLICT",
      { recordingId: first?.id, reason: "stopped_before_start" },
    ]);
  });

  it("with another look is a conflict that names the recording", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    const { recordingId } = await startRecording(stage.services, hostId, { meetingId });
    const other = { meetingId, recordingConfig: { layout: "spotlight" as const } };
    const error = await refused(startRecording(stage.services, hostId, other));
    expect(error.code).toBe("CONFLICT");
    expect(error.metadata).toMatchObject({ recordingId, state: "recording", startedBy: hostId });
  });

  it("by another host is a conflict that names the recording", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    const { recordingId } = await startRecording(stage.services, hostId, { meetingId });
    const error = await refused(startRecording(stage.services, await user(test), { meetingId }));
    expect(error.metadata).toMatchObject({ recordingId });
  });

  it("by two hosts at the same moment gives one recording and one conflict", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    const secondHost = await user(test);
    const results = await Promise.allSettled(
      [hostId, secondHost].map((id) => startRecording(stage.services, id, { meetingId })),
    );
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await rows(meetingId)).toHaveLength(1);
  });

  it("during a stop waits until the place is free, then starts anew", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    const { recordingId } = await startRecording(stage.services, hostId, { meetingId });
    stage.video.next("stopRecording", () => ({ status: "recording", startedAt: Date.now() }));
    await stopRecording(stage.services, hostId, { meetingId });
    let waits = 0;
    const clock: Clock = {
      now: () => 0,
      sleep: async () => {
        if (++waits > 3)
          await test.sql(`UPDATE recordings SET state = 'processing' WHERE id = $1`, [recordingId]);
      },
    };
    const next = await startRecording({ ...stage.services, clock }, hostId, { meetingId });
    expect(next.recordingId).not.toBe(recordingId);
    expect(waits).toBeGreaterThan(3);
  });
});

describe("the limit of 3 starts in any 60 seconds", () => {
  async function startAndStop(hostId: string) {
    const { meetingId } = await activeMeeting(test, { hostId });
    await startRecording(stage.services, hostId, { meetingId });
    await stopRecording(stage.services, hostId, { meetingId });
  }

  it("counts over meetings and says when the next start is possible", async () => {
    const hostId = await user(test);
    const from = Date.now();
    for (let start = 0; start < 3; start++) await startAndStop(hostId);
    const { meetingId } = await activeMeeting(test, { hostId });
    const error = await refused(startRecording(stage.services, hostId, { meetingId }));
    expect(error.code).toBe("RATE_LIMIT_EXCEEDED");
    const retryAfterMs = Number(error.metadata?.["retryAfterMs"]);
    // A minute after the first of them.
    expect(retryAfterMs).toBeGreaterThanOrEqual(60_000 - (Date.now() - from) - 1);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(await rows(meetingId)).toEqual([]);
    await test.advanceTime(retryAfterMs + 1);
    await startRecording(stage.services, hostId, { meetingId });
  });

  it("does not count repeats and refused calls", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    await startRecording(stage.services, hostId, { meetingId });
    for (let call = 0; call < 5; call++) {
      await startRecording(stage.services, hostId, { meetingId });
      const other = { meetingId, recordingConfig: { quality: "360p" as const } };
      await refused(startRecording(stage.services, hostId, other));
    }
    await startAndStop(hostId);
    await startAndStop(hostId);
    const fourth = await activeMeeting(test, { hostId });
    expect((await refused(startRecording(stage.services, hostId, fourth))).code).toBe(
      "RATE_LIMIT_EXCEEDED",
    );
  });

  it("lets exactly 3 of many simultaneous starts in, over two nodes", async () => {
    const hostId = await user(test);
    const other = recordingStage(test);
    const meetings = await Promise.all(
      Array.from({ length: 10 }, () => activeMeeting(test, { hostId })),
    );
    const results = await Promise.allSettled(
      meetings.map(({ meetingId }, index) =>
        startRecording((index % 2 ? stage : other).services, hostId, { meetingId }),
      ),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(3);
  });
});

describe("a provider that fails", () => {
  it("with a refusal fails the recording and tells its code, not another", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    stage.video.next("startRecording", () => {
      throw new AppError("STREAM_ERROR", "refused", { operation: "startRecording" });
    });
    const error = await refused(startRecording(stage.services, hostId, { meetingId }));
    const [row] = await rows(meetingId);
    expect(error.code).toBe("STREAM_ERROR");
    expect(error.metadata).toMatchObject({ recordingId: row?.id });
    expect(row).toMatchObject({ state: "failed", error_code: "STREAM_ERROR" });
  });

  it("because nobody is in the call is told as such", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    stage.video.next("startRecording", () => {
      throw new AppError("MEETING_NOT_ACTIVE", "nobody", { reason: "nobody_in_call" });
    });
    const error = await refused(startRecording(stage.services, hostId, { meetingId }));
    expect(error.code).toBe("MEETING_NOT_ACTIVE");
    expect(error.metadata).toMatchObject({ reason: "nobody_in_call" });
  });

  it("without an answer leaves a recording that settle decides about, and tells its id", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    stage.video.next("startRecording", () => {
      throw timeout();
    });
    const error = await refused(startRecording(stage.services, hostId, { meetingId }));
    const [row] = await rows(meetingId);
    expect(error.code).toBe("EXTERNAL_SERVICE_TIMEOUT");
    expect(error.metadata).toMatchObject({ recordingId: row?.id });
    expect(row?.state).toBe("starting");
  });

  it("behind an open breaker was never asked: the recording has failed at once", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    stage.video.next("startRecording", () => {
      throw new AppError("EXTERNAL_SERVICE_TIMEOUT", "open", {
        breaker: "open",
        retryAfterMs: 30_000,
      });
    });
    const error = await refused(startRecording(stage.services, hostId, { meetingId }));
    expect(error.metadata).toMatchObject({ breaker: "open", retryAfterMs: 30_000 });
    expect((await rows(meetingId))[0]?.state).toBe("failed");
  });

  it("confirms late: the start waits for it", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    stage.video.next("startRecording", () => ({ status: "starting" }));
    stage.video.next("recordingState", () => ({ status: "starting" }));
    stage.video.next("recordingState", () => ({ status: "recording", startedAt: Date.now() }));
    await startRecording(stage.services, hostId, { meetingId });
    expect((await rows(meetingId))[0]?.state).toBe("recording");
  });

  it("never confirms: the start ends within its budget and leaves the recording to settle", async () => {
    const { hostId, meetingId } = await activeMeeting(test);
    stage.video.next("startRecording", () => ({ status: "starting" }));
    for (let poll = 0; poll < 100; poll++)
      stage.video.next("recordingState", () => ({ status: "starting" }));
    const error = await refused(startRecording(stage.services, hostId, { meetingId }));
    expect(error.code).toBe("EXTERNAL_SERVICE_TIMEOUT");
    expect((await rows(meetingId))[0]?.state).toBe("starting");
  });
});

it("a start of which the provider shows an end only is not told that it records", async () => {
  const { hostId, meetingId } = await activeMeeting(test);
  stage.video.next("startRecording", () => ({ status: "finishing" }));
  const error = await refused(startRecording(stage.services, hostId, { meetingId }));
  expect([error.code, error.metadata?.["reason"]]).toEqual(["CONFLICT", "stopped_before_start"]);
  expect((await rows(meetingId))[0]?.state).toBe("stopping");
});

it("is not failed by a refused look after the provider has accepted it", async () => {
  const { hostId, meetingId } = await activeMeeting(test);
  const refusal = new AppError("STREAM_ERROR", "too many", { providerStatus: 429 });
  stage.video.next("startRecording", () => ({ status: "starting" }));
  stage.video.next("recordingState", () => {
    throw refusal;
  });
  stage.video.next("recordingState", () => ({ status: "recording", startedAt: Date.now() }));
  const clock: Clock = { now: () => 0, sleep: async () => undefined };
  await startRecording({ ...stage.services, clock }, hostId, { meetingId });
  expect((await rows(meetingId))[0]?.state).toBe("recording");
});

it("a meeting that ends while a start is under way leaves no running recording behind", async () => {
  const { hostId, meetingId } = await activeMeeting(test);
  stage.video.next("startRecording", async () => {
    await test.sql(
      `UPDATE recordings SET state = 'stopping', stop_requested_at = app_now(), deadline_at = app_now() WHERE meeting_id = $1`,
      [meetingId],
    );
    return { status: "recording", startedAt: Date.now() };
  });
  await startRecording(stage.services, hostId, { meetingId });
  expect((await rows(meetingId))[0]?.state).toBe("stopping");
});
