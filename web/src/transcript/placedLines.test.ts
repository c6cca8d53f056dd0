import { expect, it } from "vitest";
import { type Line, lineAt, placedLines } from "./placedLines.ts";

const startedAt = 1_700_000_000_000;
const line = (text: string, fromMs: number, change: Partial<Line> = {}): Line => ({
  ...{ _id: text, text, sequence: 1, confidence: 1, createdAt: 0, speakerId: "user_ann" },
  ...{ startMs: startedAt + fromMs, endMs: startedAt + fromMs + 1_000, ...change },
});
const pause = { startedAt: startedAt + 10_000, endedAt: startedAt + 30_000 };
const track = { participantId: "user_ann", participantName: "Ann" };
const recording = {
  ...{ startedAt, stoppedAt: startedAt + 60_000 },
  pauses: [{ ...pause, atMs: 10_000, durationMs: 20_000 }],
  tracks: [track],
} as never;

const placed = (text: string, atMs: number) => ({
  ...{ id: text, text, atMs, endMs: atMs + 1_000, isCorrected: false },
});

it("lines are where a player is when they are heard, by the names of their speakers", () => {
  const told = [
    line("After the pause", 35_000),
    line("First", 2_000, { correctedAt: startedAt }),
    line("Who?", 3_000, { speakerId: "user_gone" }),
  ];
  expect(placedLines(told, recording)).toEqual([
    { ...placed("First", 2_000), speakerId: "user_ann", name: "Ann", isCorrected: true },
    { ...placed("Who?", 3_000), speakerId: "user_gone", name: undefined },
    { ...placed("After the pause", 15_000), speakerId: "user_ann", name: "Ann" },
  ]);
});

it("a speaker without a track has the name they have in the meeting", () => {
  const people = new Map([
    ["user_bob", "Bob"],
    ["user_ann", "Ann Smith"],
  ]);
  const told = [line("First", 1_000), line("Second", 2_000, { speakerId: "user_bob" })];
  expect(placedLines(told, recording, people).map(({ name }) => name)).toEqual(["Ann", "Bob"]);
});

it("what was said before, in a pause or afterwards is not in it, nor what is only guessed", () => {
  const told = [
    line("Before", -5_000),
    line("In the pause", 15_000),
    line("After", 65_000),
    line("A guess", 5_000, { isInterim: true }),
  ];
  expect(placedLines(told, recording)).toEqual([]);
});

it("of a recording that has not begun there is none", () => {
  expect(placedLines([line("First", 0)], { pauses: [], tracks: [] })).toEqual([]);
});

it("the line of a time is the last that has begun", () => {
  const placed = placedLines([line("One", 1_000), line("Two", 5_000)], recording);
  expect([0, 1_000, 4_999, 5_000].map((ms) => lineAt(placed, ms)?.id)).toEqual([
    ...[undefined, "One", "One", "Two"],
  ]);
});
