import { expect, it } from "vitest";
import { captionPieces } from "./captionPieces.ts";

const sentence =
  "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do for them";

it("a short line is one piece", () => {
  expect(captionPieces("Good  morning,\neverybody.")).toEqual(["Good morning, everybody."]);
  expect(captionPieces(" ")).toEqual([]);
});

it("a long line is broken between words, two rows of 40 characters at most", () => {
  expect(captionPieces(sentence)).toEqual([
    "and mister john dashwood had then\nleisure to consider how much there might",
    "be prudently in his power to do for them",
  ]);
});

it("leaves room for a name before each piece", () => {
  const pieces = captionPieces(sentence, 12);
  expect(pieces.join(" ").replaceAll("\n", " ")).toBe(sentence);
  for (const piece of pieces) {
    const [first = "", second = "", ...rest] = piece.split("\n");
    expect(first.length).toBeLessThanOrEqual(28);
    expect(second.length).toBeLessThanOrEqual(40);
    expect(rest).toEqual([]);
  }
});

it("cuts what has nowhere to break, never inside a character", () => {
  const endless = "😀".repeat(100);
  const rows = captionPieces(endless).flatMap((piece) => piece.split("\n"));
  expect(rows.join("")).toBe(endless);
  for (const row of rows) expect([...row].length).toBeLessThanOrEqual(40);
});
