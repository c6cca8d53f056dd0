import { expect, it } from "vitest";
import type { TimedLine } from "../transcript/placedLines.ts";
import { cuesOf, cueTextAt } from "./cues.ts";

const line = (text: string, atMs: number, endMs: number, name: string | undefined = "Ann") => ({
  ...{ id: text, text, name, atMs, endMs },
});
const unknown = (text: string, atMs: number, endMs: number): TimedLine => ({
  ...line(text, atMs, endMs),
  name: undefined,
});

it("says who says what while it is said", () => {
  const cues = cuesOf([line("Good morning.", 1_000, 3_000), unknown("Hm.", 5_000, 7_000)]);
  expect([999, 1_000, 2_999, 3_000, 5_000].map((ms) => cueTextAt(cues, ms))).toEqual([
    ...[undefined, "Ann: Good morning.", "Ann: Good morning.", undefined, "Somebody: Hm."],
  ]);
});

it("breaks what is long, each part at its time", () => {
  const words = Array.from({ length: 60 }, (_, index) => `word${index % 10}`);
  const cues = cuesOf([line(words.join(" "), 10_000, 22_000)]);
  expect(cues.length).toBeGreaterThan(4);
  expect(cues[0]?.fromMs).toBe(10_000);
  expect(cues.at(-1)?.toMs).toBe(22_000);
  const shown = cues.map(({ text }) => text.replace("Ann: ", "").split(/\s/));
  expect(shown.flat()).toEqual(words);
  let before = 0;
  for (const [index, { fromMs, toMs, text }] of cues.entries()) {
    expect(fromMs).toBe(cues[index - 1]?.toMs ?? 10_000);
    // Somebody who says a word in each 200 ms says this part's first word then.
    expect(Math.abs(fromMs - (10_000 + before * 200))).toBeLessThan(300);
    before += shown[index]?.length ?? 0;
    expect(toMs).toBeGreaterThan(fromMs);
    const rows = text.split("\n");
    expect(rows.length).toBeLessThanOrEqual(2);
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(40);
  }
});

it("a short word stays until it can be read, or somebody goes on", () => {
  const cues = cuesOf([
    line("Yes.", 1_000, 1_200),
    line("No.", 5_000, 5_200),
    line("But.", 5_600, 5_700, "Bob"),
  ]);
  expect([2_100, 2_300, 5_500, 5_650].map((ms) => cueTextAt(cues, ms))).toEqual([
    ...["Ann: Yes.", undefined, "Ann: No.", "Bob: But."],
  ]);
});

it("of those who speak at once, two are shown", () => {
  const cues = cuesOf([
    line("One.", 0, 4_000, "A"),
    line("Two.", 1_000, 4_000, "B"),
    line("Three.", 2_000, 4_000, "C"),
  ]);
  expect(cueTextAt(cues, 1_500)).toBe("A: One.\nB: Two.");
  expect(cueTextAt(cues, 2_500)).toBe("B: Two.\nC: Three.");
});

it("leaves room for words beside a long name, and shows nothing of no words", () => {
  const [cue] = cuesOf([line("Good morning to all of you.", 0, 2_000, "A".repeat(90))]);
  expect(cue?.text).toBe(`${"A".repeat(19)}…: Good morning to\nall of you.`);
  expect(cuesOf([line(" ", 0, 1_000)])).toEqual([]);
});
