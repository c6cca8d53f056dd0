import { describe, expect, it } from "vitest";
import type { MeetingState } from "./meeting.ts";
import { isLegalMove, mayCancel, mayGrow, mayStart, requireActive } from "./states.ts";

const states: MeetingState[] = ["scheduled", "active", "concluded", "cancelled"];
const inState = (state: MeetingState) => ({ id: "meeting_1", state });
const reasonOf = (result: ReturnType<typeof mayStart>) =>
  result.ok ? "ok" : [result.error.code, result.error.metadata?.["state"]];

describe("the states of a meeting", () => {
  it("move from scheduled to active to concluded, or from scheduled to cancelled, and no other way", () => {
    const legal = states.flatMap((from) =>
      states.filter((to) => isLegalMove(from, to)).map((to) => `${from}→${to}`),
    );
    expect(legal).toEqual(["scheduled→active", "scheduled→cancelled", "active→concluded"]);
  });
});

describe("what a state permits", () => {
  it.each([
    [mayStart, ["scheduled"], "VALIDATION_ERROR"],
    [mayCancel, ["scheduled"], "VALIDATION_ERROR"],
    [mayGrow, ["scheduled", "active"], "VALIDATION_ERROR"],
    [requireActive, ["active"], "MEETING_NOT_ACTIVE"],
  ] as const)("%o only in %o, else %s naming the state", (rule, allowed, code) => {
    for (const state of states) {
      const expected = (allowed as readonly string[]).includes(state) ? "ok" : [code, state];
      expect(reasonOf(rule(inState(state)))).toEqual(expected);
    }
  });

  it("is refused with a message of its own for every state", () => {
    const refusals = states.map((state) => mayStart(inState(state)));
    const messages = refusals.flatMap((result) => (result.ok ? [] : [result.error.message]));
    expect(new Set(messages).size).toBe(3);
  });
});
