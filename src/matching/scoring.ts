import { cosine } from "../meaning/unit.ts";
import { experienceCloseness } from "./experience.ts";
import { folded } from "./folded.ts";
import { type Candidate, type Features, featureNames, type Weights } from "./match.ts";
import { roleFit, rolesThatFit } from "./roles.ts";

/** Names of what two share, in a reason. */
const mostNamed = 5;

/** Compares two people. */
export function featuresOf(one: Candidate, other: Candidate): Features {
  return {
    interestOverlap: overlap(one.interests, other.interests),
    experienceGap: experienceCloseness(one.experience, other.experience),
    industryMatch: fieldMatch(one.field, other.field),
    timezoneCompatibility: timeFit(one, other),
    languageOverlap: languageMatch(one.languages, other.languages),
    orgConstraintMatch: meetsOrgConstraints(one, other) ? 1 : 0,
    roleComplementarity: roleFit(one.roles, other.roles),
    vectorSimilarity: vectorFit(one.profileVector, other.profileVector),
  };
}

/** Whether the organisations are as both have asked for. */
export function meetsOrgConstraints(one: Candidate, other: Candidate): boolean {
  return (
    !(one.isOwnOrgOnly || other.isOwnOrgOnly) || (one.orgId !== null && one.orgId === other.orgId)
  );
}

/** 0 to 1. What is not known is left out, and the rest counts for the whole. */
export function scoreOf(features: Features, weights: Weights): number {
  let sum = 0;
  let whole = 0;
  for (const name of featureNames) {
    const value = features[name];
    if (value === null) continue;
    sum += value * weights[name];
    whole += weights[name];
  }
  return whole === 0 ? 0 : sum / whole;
}

/** Why these two, in words that both may read: what both have said themselves. */
export function reasonsOf(one: Candidate, other: Candidate): string[] {
  const roles = rolesThatFit(one.roles, other.roles);
  return [
    ...both("Both are interested in", shared(one.interests, other.interests).map(labelOf)),
    ...both("Both speak", shared(one.languages, other.languages)),
    ...(fieldMatch(one.field, other.field) === 1 ? [`Both work in ${one.field?.trim()}`] : []),
    ...(experienceCloseness(one.experience, other.experience) === 1
      ? ["Both are about equally experienced"]
      : []),
    ...(roles ? [roleReason(roles)] : []),
    ...(one.orgId !== null && one.orgId === other.orgId
      ? ["Both belong to the same organisation"]
      : []),
  ];
}

const both = (start: string, things: readonly string[]): string[] =>
  things.length === 0 ? [] : [`${start} ${things.slice(0, mostNamed).join(", ")}`];

function roleReason([one, other]: readonly [string, string]): string {
  return folded(one) === folded(other)
    ? `Both want to talk as ${one}`
    : `One wants to talk as ${one}, the other as ${other}`;
}

/** An interest that somebody named themselves has a key made of its words. */
const labelOf = (interest: string): string => interest.replace(/^custom:/, "").replace(/-+/g, " ");

function shared(one: readonly string[], other: readonly string[]): string[] {
  const theirs = new Set(other.map(folded));
  const unique = new Map(one.map((word) => [folded(word), word.trim()]));
  return [...unique].filter(([key]) => theirs.has(key)).map(([, word]) => word);
}

/** How much of what both named they share. */
function overlap(one: readonly string[], other: readonly string[]): number | null {
  const [a, b] = [new Set(one.map(folded)), new Set(other.map(folded))];
  if (a.size === 0 || b.size === 0) return null;
  return (2 * shared(one, other).length) / (a.size + b.size);
}

/** One language is enough to talk. */
function languageMatch(one: readonly string[], other: readonly string[]): number | null {
  if (one.length === 0 || other.length === 0) return null;
  return shared(one, other).length > 0 ? 1 : 0;
}

function fieldMatch(one: string | null, other: string | null): number | null {
  const [a, b] = [folded(one ?? ""), folded(other ?? "")];
  if (a === "" || b === "") return null;
  if (a === b) return 1;
  const theirs = new Set(wordsOf(b));
  return wordsOf(a).some((word) => theirs.has(word)) ? 0.5 : 0;
}

/** The cosine; what points apart has nothing in common either. A model that changed its dimensions made two kinds of vectors. */
function vectorFit(one: Float32Array | null, other: Float32Array | null): number | null {
  if (one === null || other?.length !== one.length) return null;
  return Math.min(1, Math.max(0, cosine(one, other)));
}

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}]{4,}/gu) ?? [];

/** How much of the shorter of the two times that they are free is free for both: all that is known of where they live. */
function timeFit(one: Candidate, other: Candidate): number | null {
  const { availableFrom: from, availableTo: to } = one;
  const { availableFrom: otherFrom, availableTo: otherTo } = other;
  if (from === null || to === null || otherFrom === null || otherTo === null) return null;
  const common = Math.min(to, otherTo) - Math.max(from, otherFrom);
  return Math.max(0, common) / Math.min(to - from, otherTo - otherFrom);
}
