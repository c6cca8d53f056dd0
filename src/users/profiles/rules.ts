import { AppError } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import { displayProblem } from "../../core/text/displayText.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { ProfileChange, ProfileContent } from "./profile.ts";

/** Longest texts, characters, and which may have several lines. */
const texts = {
  bio: { most: 1000, lines: true },
  goals: { most: 1000, lines: true },
  experience: { most: 1000, lines: true },
  field: { most: 200, lines: false },
  jobTitle: { most: 200, lines: false },
  company: { most: 200, lines: false },
  linkedinUrl: { most: 2048, lines: false },
} as const;
const textFields = Object.keys(texts) as (keyof typeof texts)[];

const longestName = 200;
const mostLanguages = 20;
const longestLanguage = 50;
const ages = { min: 13, max: 120 } as const;

const empty: Omit<ProfileContent, "displayName"> = {
  bio: null,
  goals: null,
  languages: [],
  experience: null,
  age: null,
  gender: null,
  field: null,
  jobTitle: null,
  company: null,
  linkedinUrl: null,
};

/**
 * The profile that a change makes of the stored one, or of none. Refusals: VALIDATION_ERROR with `field`, and `limit` where
 * there is one; a first profile needs a `displayName`.
 */
export function changedProfile(
  stored: ProfileContent | undefined,
  change: ProfileChange,
): Result<ProfileContent> {
  const checked = checkedChange(change);
  if (!checked.ok) return checked;
  const displayName = checked.value.displayName ?? stored?.displayName;
  if (displayName === undefined)
    return invalid("displayName", "The first profile needs a displayName");
  return ok({ ...empty, ...stored, ...checked.value, displayName });
}

function checkedChange(change: ProfileChange): Result<Partial<ProfileContent>> {
  const result: Partial<ProfileContent> = {};
  if (change.displayName !== undefined) {
    const name = shownText("displayName", change.displayName, longestName);
    if (!name.ok) return name;
    result.displayName = name.value;
  }
  for (const field of textFields) {
    const text = optionalText(field, change[field]);
    if (!text.ok) return text;
    if (text.value !== undefined) result[field] = text.value;
  }
  if (change.age !== undefined) {
    const age = wholeNumber("age", change.age, ages);
    if (!age.ok) return age;
    result.age = age.value;
  }
  if (change.gender !== undefined) result.gender = change.gender;
  if (change.languages === undefined) return ok(result);
  const languages = checkedLanguages(change.languages);
  return languages.ok ? ok({ ...result, languages: languages.value }) : languages;
}

/** Null for an empty text, undefined for none. */
function optionalText(
  field: keyof typeof texts,
  text: string | undefined,
): Result<string | null | undefined> {
  if (text === undefined) return ok(undefined);
  if (text.trim() === "") return ok(null);
  const { most, lines } = texts[field];
  const shown = shownText(field, text, most, lines);
  if (shown.ok && field === "linkedinUrl" && !isWebAddress(shown.value))
    return invalid(field, "linkedinUrl must be an address that begins with https:// or http://");
  return shown;
}

/** Somebody will follow it: no `javascript:` and the like. */
function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(text) && URL.canParse(text);
}

function checkedLanguages(languages: readonly string[]): Result<string[]> {
  if (languages.length > mostLanguages)
    return tooMany("languages", `At most ${mostLanguages} languages`, mostLanguages);
  const checked = languages.map((language) => shownText("languages", language, longestLanguage));
  const refused = checked.find((language) => !language.ok);
  if (refused && !refused.ok) return refused;
  return ok([...new Set(checked.flatMap((language) => (language.ok ? [language.value] : [])))]);
}

/** A text that others are shown, trimmed. Refusals: VALIDATION_ERROR with `field`, and `limit` when it is too long */
export function shownText(
  field: string,
  text: string,
  most: number,
  lines = false,
): Result<string> {
  const trimmed = text.trim();
  if (trimmed.length > most)
    return tooMany(field, `${field} must have at most ${most} characters`, most);
  const problem = displayProblem(trimmed, { lines });
  return problem === undefined ? ok(trimmed) : invalid(field, `${field} ${problem}`);
}

/**
 * What a profile is called before its owner says: as the user is, or as their address begins. Addresses that were made up for
 * those who have none (`…@unknown.invalid`) name nobody.
 */
export function defaultName(user: { displayName?: string | undefined; email: string }): string {
  if (user.displayName !== undefined) return user.displayName;
  const [name = "", domain] = user.email.split("@");
  return domain === "unknown.invalid" || name === "" ? "New user" : name.slice(0, longestName);
}

function tooMany(field: string, message: string, limit: number): Result<never> {
  return refuse(new AppError("VALIDATION_ERROR", message, { field, limit }));
}

function invalid(field: string, message: string): Result<never> {
  return refuse(new AppError("VALIDATION_ERROR", message, { field }));
}
