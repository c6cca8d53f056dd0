import type { CallRecording } from "@stream-io/node-sdk";
import { describe, expect, test } from "vitest";
import type { CallState } from "./callState.ts";
import { type Trace, Traces } from "./trace.ts";
import {
  type Circumstances,
  clockSkewMs,
  fileOf,
  judge,
  retentionMs,
  startGraceMs,
} from "./verdict.ts";

const asked = 1_800_000_000_000;
const trace: Trace = { callId: "c", requestedAt: asked, sessionId: "s1" };
const accepted: Trace = { ...trace, acceptedAt: asked + 100 };
const ran: Trace = { ...accepted, runningAt: asked + 3_000 };
const stopped: Trace = { ...ran, stopRequestedAt: asked + 60_000 };

const live: CallState = { ended: false, live: true, composite: "idle", sessionId: "s1" };
const running: CallState = { ...live, composite: "running" };

function file(startMs: number, endMs: number, more: Partial<CallRecording> = {}): CallRecording {
  return {
    filename: "f.mp4",
    url: "u",
    recording_type: "composite",
    session_id: "s1",
    start_time: new Date(asked + startMs),
    end_time: new Date(asked + endMs),
    ...more,
  };
}
const mine = file(3_000, 60_000);

const status = (t: Trace, call: CallState, files: CallRecording[], at: number) =>
  judge(t, call, files, { now: asked + at }).answer;

describe("a recording is", () => {
  test.each([
    ["absent when nothing of it was ever seen", trace, live, [], 1_000, { status: "absent" }],
    ["starting once accepted", accepted, live, [], 5_000, { status: "starting" }],
    [
      "starting when Stream says so",
      trace,
      { ...live, composite: "starting" },
      [],
      5_000,
      { status: "starting" },
    ],
    [
      "failed when an accepted start never shows, with people in the call",
      accepted,
      live,
      [],
      startGraceMs + 200,
      { status: "failed", reason: "never_started" },
    ],
    [
      "recording, since it was first seen",
      accepted,
      running,
      [],
      3_000,
      { status: "recording", startedAt: asked + 3_000 },
    ],
    [
      "recording since then, however often it is read",
      ran,
      running,
      [],
      90_000,
      { status: "recording", startedAt: asked + 3_000 },
    ],
    ["finishing while its file is being made", stopped, live, [], 120_000, { status: "finishing" }],
    [
      "recording until its end is seen, even after a stop",
      stopped,
      running,
      [],
      61_000,
      { status: "recording", startedAt: asked + 3_000 },
    ],
    [
      "finishing for good once its end was seen, whatever runs now",
      { ...stopped, idleAt: asked + 62_000 },
      running,
      [],
      120_000,
      { status: "finishing" },
    ],
    [
      "starting while an accepted start may still show, although it is to be stopped by now",
      { ...accepted, stopRequestedAt: asked + 200 },
      live,
      [],
      5_000,
      { status: "starting" },
    ],
    [
      "starting when it is to be stopped before Stream has answered the start",
      { ...trace, stopRequestedAt: asked + 50 },
      live,
      [],
      1_000,
      { status: "starting" },
    ],
    [
      "finishing when what was to be stopped never showed",
      { ...accepted, stopRequestedAt: asked + 200 },
      live,
      [],
      startGraceMs + 200,
      { status: "finishing" },
    ],
    [
      "absent when what runs belongs to a later session",
      trace,
      { ...running, sessionId: "s2" },
      [],
      3_000,
      { status: "absent" },
    ],
    [
      "sealed once its file is there",
      stopped,
      live,
      [mine],
      400_000,
      {
        status: "sealed",
        startedAt: asked + 3_000,
        stoppedAt: asked + 60_000,
        stopReason: "requested",
        hasMedia: true,
        gaps: [],
        tracks: [],
      },
    ],
    [
      "sealed, although the next one runs already",
      stopped,
      running,
      [mine],
      400_000,
      { status: "sealed" },
    ],
    [
      "recording, not the one that ended just before it",
      trace,
      running,
      [file(-4_000, -1_000)],
      3_000,
      { status: "recording" },
    ],
  ] as [string, Trace, CallState, CallRecording[], number, object][])(
    "%s",
    (_, t, call, files, at, expected) => {
      expect(status(t, call, files, at)).toMatchObject(expected);
    },
  );

  test("waited for until Stream keeps files no longer, from when its end was seen", () => {
    const first = judge(ran, live, [], { now: asked + 3_600_000 });
    expect(first.answer).toMatchObject({ status: "finishing" });
    const now = asked + 3_600_000 + retentionMs;
    expect(judge(first.trace, live, [], { now }).answer).toMatchObject({ status: "finishing" });
    expect(judge(first.trace, live, [], { now: now + 1 }).answer).toEqual({
      status: "failed",
      reason: "no_file",
    });
  });

  test("waited for from the end of its session, when Stream tells it", () => {
    const over = { ...live, live: false, sessionEndedAt: asked + 10_000 };
    const at = 10_000 + retentionMs + 1;
    expect(status(accepted, over, [], at)).toEqual({ status: "failed", reason: "no_file" });
    expect(status(accepted, over, [], at - 1)).toMatchObject({ status: "starting" });
  });
});

describe("why it ended", () => {
  test.each([
    ["requested", stopped, live],
    ["room_closed", ran, { ...live, live: false, ended: true }],
    ["session_ended", ran, { ...live, live: false, sessionEndedAt: asked + 60_000 }],
    ["provider", ran, live],
  ] as [string, Trace, CallState][])("%s", (reason, t, call) => {
    expect(status(t, call, [mine], 100_000)).toMatchObject({ stopReason: reason });
  });
});

describe("the file of a recording", () => {
  const find = (
    files: CallRecording[],
    t = trace,
    isRunning = false,
    around: Partial<Circumstances> = {},
  ) => fileOf(t, files, isRunning, { now: asked + 3_600_000, ...around });

  test("is the nearest one begun after it was asked for", () => {
    const later = file(120_000, 180_000);
    expect(find([later, mine])).toBe(mine);
  });

  test("may begin a little early, because clocks differ, but not while it still runs", () => {
    const early = file(-clockSkewMs, 10_000);
    expect(find([early])).toBe(early);
    expect(find([early], trace, true)).toBeUndefined();
    expect(find([file(-clockSkewMs - 1, 10_000)])).toBeUndefined();
  });

  test("is not one that ended before it was asked for", () => {
    expect(find([file(-2_000, 0)])).toBeUndefined();
  });

  test("was under way if it was taken over: the first that ended since", () => {
    const takenOver = { ...trace, takenOver: true };
    const before = file(-900_000, -1);
    const underWay = file(-600_000, 60_000);
    const next = file(70_000, 90_000);
    expect(find([next, before, underWay], takenOver)).toBe(underWay);
    expect(find([underWay])).toBeUndefined();
  });

  test("is not one that began after its stop, or is another recording's", () => {
    const next = file(70_000, 90_000);
    expect(find([next], stopped)).toBeUndefined();
    expect(find([next, mine], stopped, false, { ofOthers: ["s1/f.mp4"] })).toBeUndefined();
  });

  test("is the next recording's when that was asked for before it began, unless this one was seen to run", () => {
    const next = { nextRequestedAt: asked + 40_000 };
    const late = file(45_000, 90_000);
    expect(find([late], trace)).toBe(late);
    expect(find([late], trace, false, next)).toBeUndefined();
    expect(find([file(40_000 - clockSkewMs + 1, 90_000)], trace, false, next)).toBeUndefined();
    expect(find([mine], trace, false, next)).toBe(mine);
    expect(find([late], ran, false, next)).toBe(late);
    const around = { now: asked + 50_000, ...next };
    expect(judge(trace, running, [], around).answer).toEqual({ status: "absent" });
    expect(judge(ran, running, [], around).answer).toMatchObject({ status: "recording" });
  });

  test("is told by Stream's times on our clock, once the difference is known", () => {
    const ahead = { aheadMs: 10_000 };
    // A short one, and the next in the same session 4 s later.
    const first = { ...trace, stopRequestedAt: asked + 2_000 };
    const second = { ...trace, requestedAt: asked + 6_000, stopRequestedAt: asked + 9_000 };
    const files = [
      file(11_000, 12_000, { filename: "1" }),
      file(17_000, 19_000, { filename: "2" }),
    ];
    expect(find(files, first, false, ahead)).toBe(files[0]);
    expect(find(files, second, false, ahead)).toBe(files[1]);
    expect(find(files.slice(0, 1), second, false, ahead)).toBeUndefined();
    expect(find(files.slice(1), first, false, ahead)).toBeUndefined();
  });

  test.each([-15_000, 15_000])(
    "lies in a session that ended by a clock that is %i ms ahead",
    (aheadMs) => {
      const at = (ms: number) => ms + aheadMs;
      const over = { ...live, live: false, sessionEndedAt: asked + at(7_400) };
      const around = { aheadMs, now: asked + 15_000 };
      const seen = judge(accepted, over, [], around);
      const listed = [file(at(6_800), at(7_400))];
      const ended = judge(seen.trace, over, listed, { ...around, now: asked + 300_000 });
      expect(ended.answer).toMatchObject({
        ...{ status: "sealed", stopReason: "session_ended" },
        ...{ startedAt: asked + 6_800, stoppedAt: asked + 7_400 },
      });
    },
  );

  test("is found by its name alone, once it is known", () => {
    const known = { ...trace, file: "s9/elsewhere.mp4" };
    const named = file(-900_000, -800_000, { session_id: "s9", filename: "elsewhere.mp4" });
    expect(find([mine, named], known)).toBe(named);
    expect(find([mine], known)).toBeUndefined();
  });

  test("is of the same session, composite, and has times", () => {
    expect(find([file(3_000, 60_000, { session_id: "s2" })])).toBeUndefined();
    expect(find([file(3_000, 60_000, { recording_type: "raw" })])).toBeUndefined();
    const { start_time: _, ...timeless } = mine;
    expect(find([timeless as CallRecording])).toBeUndefined();
    expect(find([file(3_000, 3_000)])).toBeUndefined();
    expect(find([file(60_000, 3_000)])).toBeUndefined();
  });

  test("without a known session, time alone decides; an old answer has no type", () => {
    const { sessionId: _, ...anywhere } = trace;
    const untyped = file(3_000, 60_000, { session_id: "s9", recording_type: "" });
    expect(find([untyped], anywhere)).toBe(untyped);
  });
});

test("a file begins after the wish to stop where the start took its time", () => {
  const seen: Trace = { ...accepted, stopRequestedAt: asked + 50 };
  const late = judge(seen, running, [], { now: asked + 6_000 });
  const ended = judge({ ...late.trace, stopAcceptedAt: asked + 7_000 }, live, [], {
    now: asked + 8_000,
  });
  expect(ended.answer).toMatchObject({ status: "finishing" });
  const { providerRef = {} } = ended.answer as { providerRef?: Record<string, string> };
  const ref = {
    ...{ meetingId: "m", roomId: "c", recordingId: "r", providerRef },
    ...{ stopRequestedAt: asked + 50, stoppedAt: asked + 50 },
  };
  const elsewhere = new Traces().of(ref, asked + 9_000);
  const around = { now: asked + 90_000, aheadMs: 0 };
  expect(fileOf(elsewhere, [file(5_900, 7_000)], false, around)).toBeDefined();
});
