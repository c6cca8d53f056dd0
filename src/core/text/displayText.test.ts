import { describe, expect, it } from "vitest";
import { cleanDisplayText, displayProblem } from "./displayText.ts";

describe("text that is shown", () => {
  it.each([
    ["Latin", "Ann-Kathrin O’Brien, Dvořák & Ødegård"],
    ["Arabic", "اجتماع الفريق"],
    ["Persian with a non-joiner", "می\u200cخواهم"],
    ["Hindi with a joiner", "क्\u200dष"],
    ["Hebrew", "ישיבת צוות"],
    ["Chinese, a variant", "葛\u{E0100}城"],
    ["emoji", "🎉 👩‍👩‍👧‍👦 ❤️ 👍🏽 1️⃣ 🏳️‍🌈 🇨🇭"],
    ["a flag of a region", "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}"],
    ["accents of their own", "e\u0301te\u0301"],
  ])("may be %s", (_what, text) => {
    expect(displayProblem(text)).toBeUndefined();
    expect(cleanDisplayText(text)).toBe(text);
  });

  it.each([
    ["a right-to-left override", "invoice\u202Efdp.exe", "invoicefdp.exe"],
    ["an isolate", "a\u2066b\u2069", "ab"],
    ["a right-to-left mark", "a\u200Fb", "ab"],
    ["a zero-width space", "Ali\u200Bce", "Alice"],
    ["a byte order mark", "\uFEFFAlice", "Alice"],
    ["a word joiner", "Al\u2060ice", "Alice"],
    ["a soft hyphen", "Al\u00ADice", "Alice"],
    ["a joiner between Latin letters", "Al\u200Dice", "Alice"],
    ["a non-joiner at the end", "Alice\u200C", "Alice"],
    ["a variation selector behind a letter", "A\uFE0Flice", "Alice"],
    ["hidden letters without a flag", "Alice\u{E0041}", "Alice"],
    ["a Hangul filler", "Alice\u3164", "Alice"],
    ["a combining grapheme joiner", "Ali\u034Fce", "Alice"],
    ["a line separator", "a\u2028b", "ab"],
    ["a control character", "a\u0007b", "ab"],
    ["a lone surrogate", "a\uD800b", "ab"],
  ])("is refused with %s, and cleaned where others chose it", (_what, text, clean) => {
    expect(displayProblem(text)).toMatch(/^must not contain/);
    expect(cleanDisplayText(text)).toBe(clean);
  });

  it.each(["", "  ", "\u2800", "\u00A0"])("is something: %j", (text) => {
    expect(displayProblem(text)).toBe("must not be empty");
    expect(cleanDisplayText(text)).toBeUndefined();
  });

  it.each(["\u200B", "\u3164\u3164", "\u202E"])("is nothing that only hides: %j", (text) => {
    expect(displayProblem(text)).toBeDefined();
    expect(cleanDisplayText(text)).toBeUndefined();
  });

  it("has lines and tabs only where it is long", () => {
    expect(displayProblem("a\n\tb", { lines: true })).toBeUndefined();
    expect(displayProblem("a\nb")).toBeDefined();
  });
});
