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

it("never leaves ready, and failed only when its file comes late", () => {
  expect(states.filter((to) => mayMove("ready", to))).toEqual([]);
  expect(states.filter((to) => mayMove("failed", to))).toEqual(["processing"]);
});

it("never goes back otherwise, and never to itself", () => {
  const order = (state: RecordingState) => states.indexOf(state);
  for (const from of states.filter((state) => state !== "failed"))
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
