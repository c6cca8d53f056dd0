import { folded } from "./folded.ts";

/** Each needs the other: two of one side have nothing to give to each other. */
const sides: readonly (readonly [string, string])[] = [
  ["mentor", "mentee"],
  ["teacher", "student"],
  ["teacher", "learner"],
  ["tutor", "learner"],
  ["coach", "coachee"],
  ["founder", "investor"],
  ["interviewer", "interviewee"],
  ["interviewer", "candidate"],
  ["recruiter", "candidate"],
  ["expert", "novice"],
  ["speaker", "listener"],
  ["buyer", "seller"],
];
const sided = new Set(sides.flat());
const complements = new Set(sides.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));

/** How well the best of what each would be goes together: 1 fits, 0.5 nothing is known of it, 0 both want to be the same side. */
export function roleFit(one: readonly string[], other: readonly string[]): number {
  const fits = one.flatMap((a) => other.map((b) => pairFit(folded(a), folded(b))));
  return Math.max(0, ...fits);
}

/** The first roles that complete each other, or that both have. */
export function rolesThatFit(
  one: readonly string[],
  other: readonly string[],
): readonly [string, string] | undefined {
  const pairs = one.flatMap((a) => other.map((b) => [a, b] as const));
  return pairs.find(([a, b]) => pairFit(folded(a), folded(b)) === 1);
}

function pairFit(a: string, b: string): number {
  if (complements.has(`${a} ${b}`)) return 1;
  if (a === b) return sided.has(a) ? 0 : 1;
  return 0.5;
}
