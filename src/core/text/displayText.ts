/** Scripts whose words need a joiner or a non-joiner to be written right. */
const joining = [
  ...[
    "Arabic",
    "Syriac",
    "Nko",
    "Mongolian",
    "Devanagari",
    "Bengali",
    "Gurmukhi",
    "Gujarati",
    "Oriya",
  ],
  ...["Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Khmer", "Myanmar", "Tibetan"],
]
  .map((script) => `\\p{Script=${script}}`)
  .join("");

/** Where an invisible character is part of what is seen: in emoji, in those scripts, and behind Han characters. */
const meaningful = new RegExp(
  [
    // A flag of a region: its letters are invisible.
    "\\u{1F3F4}[\\u{E0020}-\\u{E007E}]+\\u{E007F}",
    // A variant of the character before.
    "(?<=[\\p{Emoji}\\p{Extended_Pictographic}\\p{Script=Han}\\p{Script=Mongolian}])[\\uFE00-\\uFE0F\\u{E0100}-\\u{E01EF}\\u180B-\\u180D]",
    // Emoji made of several.
    "(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\uFE0F])\\u200D(?=\\p{Extended_Pictographic})",
    `(?<=[${joining}\\p{M}])[\\u200C\\u200D](?=[${joining}])`,
  ].join("|"),
  "gu",
);

/** Nobody sees these; the bidirectional ones put text in another order than it is read by a program. */
const invisible = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;
const control = /[\p{Cc}\p{Cs}]/u;
const lineBreaksAndTabs = /[\n\r\t]/g;
/** Looks like a space, and is none. */
const blank = /[\s\u2800]/gu;

/**
 * What is wrong with a text that is to be shown to others (a title, a name), as the end of a sentence about it; undefined when
 * nothing is. What cannot be seen would let one pass for another, or reverse what stands beside it.
 */
export function displayProblem(
  text: string,
  { lines = false }: { /** Several lines, tabs too. */ lines?: boolean } = {},
): string | undefined {
  const shown = text.replace(meaningful, "");
  if (text.replace(blank, "") === "") return "must not be empty";
  if (control.test(lines ? shown.replace(lineBreaksAndTabs, "") : shown))
    return "must not contain control characters";
  if (invisible.test(shown))
    return "must not contain invisible characters or marks that change the direction of text";
  return undefined;
}

/** The text without what nobody sees, for names that others than their bearer have chosen; undefined when nothing is left. */
export function cleanDisplayText(text: string): string | undefined {
  const kept = [...text.matchAll(meaningful)].map(({ 0: part, index }) => ({ part, index }));
  let clean = "";
  let from = 0;
  for (const { part, index } of [...kept, { part: "", index: text.length }]) {
    clean += withoutHidden(text.slice(from, index)) + part;
    from = index + part.length;
  }
  const trimmed = clean.trim();
  return displayProblem(trimmed) === undefined ? trimmed : undefined;
}

function withoutHidden(text: string): string {
  const hidden = new RegExp(`${invisible.source}|${control.source}`, "gu");
  return text.replace(hidden, "");
}
