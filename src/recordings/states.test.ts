import { expect, it } from "vitest";
import { isFinal, isOpen, mayMove, type RecordingState, sourcesOf } from "./states.ts";

const states: RecordingState[] = [
  "starting",
  "recording",
  "stopping",
  "processing",
  "ready",
  "failed",
];

it("never leaves ready or failed", () => {
  for (const to of states) {
    expect(mayMove("ready", to)).toBe(false);
    expect(mayMove("failed", to)).toBe(false);
  }
});

it("never goes back, and never to itself", () => {
  const order = (state: RecordingState) => states.indexOf(state);
  for (const from of states)
    for (const to of states) if (mayMove(from, to)) expect(order(to)).toBeGreaterThan(order(from));
});

it("reaches ready or failed from everywhere", () => {
  const ends = (from: RecordingState): boolean =>
    isFinal(from) || states.some((to) => mayMove(from, to) && ends(to));
  for (const state of states) expect(ends(state)).toBe(true);
});

it("becomes ready only from processing", () => {
  expect(sourcesOf("ready")).toEqual(["processing"]);
});

it("holds the meeting's open place only while media may still be written", () => {
  expect(states.filter(isOpen)).toEqual(["starting", "recording", "stopping"]);
});
