import type { FontCoverage } from "./fontCoverage.ts";

/** Longer names are cut before anything is drawn, graphemes. */
const maxGraphemes = 80;

/**
 * A participant's name as it can be drawn: one line, without control characters, direction overrides and characters
 * the font lacks. `fallback` when nothing is left of it.
 */
export function displayName(name: string, font: FontCoverage, fallback: string): string {
  const line = name
    .slice(0, 4096)
    .normalize("NFC")
    .replace(/[\s\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, "");
  const drawable = graphemes(line).filter((one) => isDrawable(one, font));
  const cut = drawable.length > maxGraphemes ? [...drawable.slice(0, maxGraphemes), "…"] : drawable;
  return cut.join("").replace(/ +/g, " ").trim() || fallback;
}

function isDrawable(grapheme: string, font: FontCoverage): boolean {
  return [...grapheme].every((char) => font.has(char.codePointAt(0) ?? 0));
}

/** Up to two letters that stand for a name: of its first and its last word. */
export function initials(name: string): string {
  const words = name
    .split(" ")
    .map((word) => graphemes(word).find((one) => /[\p{L}\p{N}]/u.test(one)))
    .filter((letter) => letter !== undefined);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.join("").toUpperCase() || "?";
}

export function graphemes(text: string): string[] {
  return [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text)].map(
    ({ segment }) => segment,
  );
}
