import { expect, it } from "vitest";
import { formats } from "./formats.ts";

const lines = [
  { id: "1", atMs: 1_234, endMs: 2_000, name: "Ann <b>", text: "Tom & Jerry\n\nsaid" },
  { id: "2", atMs: 3_723_004, endMs: 3_724_000, name: undefined, text: "Hm." },
];

it("subtitles have times, voices and no markup of anybody's", () => {
  expect(formats.vtt.write(lines)).toBe(
    "WEBVTT\n\n00:00:01.234 --> 00:00:02.000\n<v Ann &lt;b&gt;>Tom &amp; Jerry said\n\n" +
      "01:02:03.004 --> 01:02:04.000\nHm.\n",
  );
  expect(formats.srt.write(lines)).toBe(
    "1\n00:00:01,234 --> 00:00:02,000\nAnn <b>: Tom & Jerry said\n\n" +
      "2\n01:02:03,004 --> 01:02:04,000\nSomebody: Hm.\n",
  );
});

it("text is for people, JSON for programs", () => {
  expect(formats.txt.write(lines.slice(1))).toBe("[1:02:03] Somebody: Hm.\n");
  expect(JSON.parse(formats.json.write(lines))).toEqual([
    { startMs: 1_234, endMs: 2_000, speaker: "Ann <b>", text: "Tom & Jerry\n\nsaid" },
    { startMs: 3_723_004, endMs: 3_724_000, speaker: null, text: "Hm." },
  ]);
});
