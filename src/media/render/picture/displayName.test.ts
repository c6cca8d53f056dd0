import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { displayName, initials } from "./displayName.ts";
import { FontCoverage } from "./fontCoverage.ts";

const font = new FontCoverage(
  readFileSync(new URL(import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"))),
);
const shown = (name: string) => displayName(name, font, "Participant 1");

describe("displayName", () => {
  it.each([
    ["Ada Lovelace", "Ada Lovelace"],
    ["  two\n\tlines\u2028here ", "two lines here"],
    ["a\u0000b\u001b[31mc\u007f", "ab[31mc"],
    ["evil\u202Etxt.exe\u200F", "eviltxt.exe"],
    ['it\'s: "q" %{pts} \\n , ; [x]', 'it\'s: "q" %{pts} \\n , ; [x]'],
    ["../../etc/passwd", "../../etc/passwd"],
    ["שלום עולם", "שלום עולם"],
    ["Zoe\u0308 Müller", "Zoë Müller"],
    ["🎉 Party 👩‍👩‍👧", "Party"],
    ["山田太郎", "Participant 1"],
    ["", "Participant 1"],
    ["\ud800", "Participant 1"],
  ])("shows %j as %j", (name, expected) => {
    expect(shown(name)).toBe(expected);
  });

  it("cuts a name of any length", () => {
    expect(shown("x".repeat(500))).toBe(`${"x".repeat(80)}…`);
    expect(shown("e\u0301".repeat(100_000)).length).toBeLessThan(200);
  });
});

describe("initials", () => {
  it.each([
    ["Ada Lovelace", "AL"],
    ["ada", "A"],
    ["Jean-Paul de la Tour", "JT"],
    ["(Bob) 'x'", "BX"],
    ["émile zola", "ÉZ"],
    ["***", "?"],
    ["Participant 4", "P4"],
  ])("of %j are %j", (name, expected) => {
    expect(initials(name)).toBe(expected);
  });
});
