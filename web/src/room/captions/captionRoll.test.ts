import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Line } from "../../transcript/placedLines.ts";
import { CaptionRoll } from "./captionRoll.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let sequence = 0;
const line = (text: string, change: Partial<Line> = {}): Line => {
  sequence++;
  return {
    ...{ _id: `line_${sequence}`, sequence, text, speakerId: "user_ann", confidence: 1 },
    ...{ createdAt: 0, startMs: 0, endMs: 1, isInterim: false, ...change },
  };
};
const shownBy = (roll: CaptionRoll) => roll.shown.get().map(({ text }) => text);
const long = Array.from({ length: 40 }, (_, index) => `word${index}`).join(" ");

it("shows what is said at once, and takes it away when nothing follows", () => {
  const roll = new CaptionRoll();
  roll.add(line("Good morning."));
  expect(shownBy(roll)).toEqual(["Good morning."]);
  vi.advanceTimersByTime(7_900);
  expect(shownBy(roll)).toEqual(["Good morning."]);
  vi.advanceTimersByTime(200);
  expect(shownBy(roll)).toEqual([]);
});

it("a long line comes in pieces that can be read, two at a time", () => {
  const roll = new CaptionRoll();
  const seen = new Set<string>();
  roll.shown.subscribe(() => {
    expect(roll.shown.get().length).toBeLessThanOrEqual(2);
    for (const text of shownBy(roll)) seen.add(text);
  });
  roll.add(line(long));
  expect(shownBy(roll)).toHaveLength(1);
  vi.advanceTimersByTime(1_700);
  expect(shownBy(roll)).toHaveLength(2);
  vi.advanceTimersByTime(20_000);
  expect([...seen].join(" ")).toBe(long);
  for (const text of seen) expect(text.length).toBeLessThanOrEqual(81);
});

it("does not fall behind: of very much, the oldest is left out", () => {
  const roll = new CaptionRoll();
  for (let index = 0; index < 100; index++) roll.add(line(`Line ${index}`));
  const seen = new Set(shownBy(roll));
  roll.shown.subscribe(() => {
    for (const text of shownBy(roll)) seen.add(text);
  });
  vi.advanceTimersByTime(10_000);
  expect([...seen]).toEqual([0, 94, 95, 96, 97, 98, 99].map((index) => `Line ${index}`));
});

it("a guess is shown at once, and what it was a guess at takes its place", () => {
  const roll = new CaptionRoll();
  roll.add(line("Good", { isInterim: true }));
  roll.add(line("Hello.", { speakerId: "user_bob" }));
  roll.add(line("Good mourning", { isInterim: true }));
  expect(shownBy(roll)).toEqual(["Good mourning"]);
  vi.advanceTimersByTime(800);
  expect(shownBy(roll)).toEqual(["Good mourning", "Hello."]);
  roll.add(line("Good morning."));
  expect(shownBy(roll)).toEqual(["Good morning.", "Hello."]);
});

it("does nothing after its end", () => {
  const roll = new CaptionRoll();
  roll.add(line(long));
  roll.close();
  expect(vi.getTimerCount()).toBe(0);
});
