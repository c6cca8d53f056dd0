/** From those who learn to those who lead; the first that fits counts. */
const words: readonly (readonly [level: number, RegExp])[] = [
  [4, /\b(director|head of|chief|principal|executive|founder|c[teof]o|vp)\b/],
  [3, /\b(senior|lead|expert|experienced|advanced|staff|professor)\b/],
  [0, /\b(student|intern|trainee|beginner|novice|apprentice|none)\b/],
  [1, /\b(junior|entry[- ]level|graduate|associate)\b/],
  [2, /\b(mid|middle|mid[- ]level|intermediate|regular)\b/],
];
const years = /\b(\d{1,2})\s*\+?\s*(?:years?|yrs?|y)\b/;
/** Years from which a level is reached. */
const levelFrom = [0, 1, 3, 7, 15];
const highest = 4;

/** How close the experience of two people is, 0 to 1; null where one of the texts does not tell it. */
export function experienceCloseness(one: string | null, other: string | null): number | null {
  const [a, b] = [levelOf(one), levelOf(other)];
  return a === null || b === null ? null : 1 - Math.abs(a - b) / highest;
}

/** What a text that somebody wrote about their experience says: 0 (learning) to 4 (leading). */
function levelOf(text: string | null): number | null {
  const told = (text ?? "").toLowerCase();
  const count = years.exec(told)?.[1];
  if (count !== undefined) return levelFrom.findLastIndex((from) => Number(count) >= from);
  return words.find(([, pattern]) => pattern.test(told))?.[0] ?? null;
}
