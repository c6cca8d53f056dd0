import type { CallResponse } from "@stream-io/node-sdk";
import { describe, expect, test } from "vitest";
import { readCall } from "./callState.ts";

const session = {
  id: "s1",
  participants: [{ user_session_id: "u", role: "user" }],
  participants_count_by_role: { user: 1 },
  anonymous_participant_count: 0,
};
const live = { current_session_id: "s1", session };
const read = (call: object) => readCall(call as CallResponse);

describe("whether somebody is in the call", () => {
  test.each([
    ["a session with people", live, true],
    ["counts without a list", { ...live, session: { ...session, participants: [] } }, true],
    [
      "only anonymous people",
      {
        ...live,
        session: {
          ...session,
          participants: [],
          participants_count_by_role: {},
          anonymous_participant_count: 2,
        },
      },
      true,
    ],
    ["no session", { current_session_id: "", session: null }, false],
    [
      "an empty session",
      { ...live, session: { ...session, participants: [], participants_count_by_role: {} } },
      false,
    ],
    ["a session that is over", { ...live, session: { ...session, ended_at: new Date(5) } }, false],
    ["only the last session left", { current_session_id: "", session }, false],
    ["an ended call", { ...live, ended_at: new Date(5) }, false],
    ["an answer without anything", {}, false],
  ])("%s", (_, call, expected) => {
    expect(read(call).live).toBe(expected);
  });
});

describe("what the recorder does", () => {
  const status = (value: string) => ({ egress: { composite_recording: { status: value } } });
  test.each([
    ["nothing", {}, "idle"],
    ["the flag", { recording: true }, "running"],
    ["a running status", status("running"), "running"],
    ["a starting status", status("pending"), "starting"],
    ["an unknown status", status("stopped"), "idle"],
    ["nulls", { recording: null, egress: { composite_recording: null } }, "idle"],
  ])("%s", (_, call, expected) => {
    expect(read(call).composite).toBe(expected);
  });
});

test("names the session, its end and the settings", () => {
  const recording = { mode: "available" };
  expect(
    read({
      current_session_id: "",
      session: { ...session, ended_at: new Date(7) },
      ended_at: new Date(9),
      settings: { recording },
    }),
  ).toEqual({
    ended: true,
    live: false,
    composite: "idle",
    sessionId: "s1",
    sessionEndedAt: 7,
    recordingSettings: recording,
  });
});
