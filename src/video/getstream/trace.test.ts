import { expect, test } from "vitest";
import { newId } from "../../core/ids.ts";
import { encode, type Trace, Traces } from "./trace.ts";

const now = 1_800_000_000_000;
const ref = { meetingId: "m", roomId: "call_m", recordingId: "rec-1" };
const full: Trace = {
  callId: "call_m",
  requestedAt: 1,
  sessionId: "s",
  acceptedAt: 2,
  runningAt: 3,
  stopRequestedAt: 4,
  takenOver: true,
};

test("a reference carries the trace to another process", () => {
  const providerRef = encode(full);
  expect(providerRef).toEqual({
    callType: "default",
    callId: "call_m",
    sessionId: "s",
    requestedAt: "1",
    takenOver: "true",
    acceptedAt: "2",
    runningAt: "3",
    stopRequestedAt: "4",
  });
  expect(new Traces().of({ ...ref, providerRef }, now)).toEqual(full);
});

test("without a reference, the recording's id tells when it was asked for", () => {
  const before = Date.now();
  const { requestedAt } = new Traces().of({ ...ref, recordingId: newId("meetingRecordings") }, now);
  expect(requestedAt).toBeGreaterThanOrEqual(before);
  expect(requestedAt).toBeLessThanOrEqual(Date.now());
});

test("an id without a time means now", () => {
  expect(new Traces().of(ref, now)).toEqual({ callId: "call_m", requestedAt: now });
});

test("a damaged reference is ignored where it is damaged", () => {
  const providerRef = { requestedAt: "x", sessionId: "", runningAt: "5", callId: "../other" };
  expect(new Traces().of({ ...ref, providerRef }, now)).toEqual({
    callId: "call_m",
    requestedAt: now,
    runningAt: 5,
  });
});

test("what was seen here is newer than what the reference says, until it is forgotten", () => {
  const traces = new Traces();
  traces.keep(ref.recordingId, full);
  const providerRef = { sessionId: "old", requestedAt: "9" };
  expect(traces.of({ ...ref, providerRef }, now)).toEqual(full);
  traces.forget(ref.recordingId);
  expect(traces.of({ ...ref, providerRef }, now)).toMatchObject({ sessionId: "old" });
});

test("memory is bounded: the oldest goes first", () => {
  const traces = new Traces();
  for (let i = 0; i <= 1_000; i++) traces.keep(`rec-${i}`, { ...full, requestedAt: i });
  const requestedAt = (id: number) =>
    traces.of({ ...ref, recordingId: `rec-${id}` }, now).requestedAt;
  expect([requestedAt(0), requestedAt(1), requestedAt(1_000)]).toEqual([now, 1, 1_000]);
});
