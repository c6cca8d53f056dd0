import { AppError } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import { shownText } from "../profiles/rules.ts";

export type InterestCategory = "academic" | "industry" | "skill" | "personal";

/** An interest as a client names it. */
export interface RequestedInterest {
  id: string;
  name: string;
  category: InterestCategory;
  iconName?: string | undefined;
}

/** An interest to store: a key of the catalogue, or one of the user's own with its label. */
export interface ChosenInterest {
  key: string;
  label: string | null;
  iconName: string | null;
}

/** Interests one user has at most. */
export const mostInterests = 50;
const mostCustom = 5;
const longestLabel = 48;
const shortestLabel = 2;

/**
 * What is stored for the interests of an onboarding. Ids of the catalogue count by themselves; any other is the user's own if
 * it is personal. Refusals: VALIDATION_ERROR with `field`, and `limit` where there is one
 */
export function chosenInterests(
  requested: readonly RequestedInterest[],
  catalogue: ReadonlySet<string>,
): Result<ChosenInterest[]> {
  if (requested.length > mostInterests) return tooMany(mostInterests);
  const chosen = new Map<string, ChosenInterest>();
  for (const interest of requested) {
    const one = catalogue.has(interest.id) ? ok(listed(interest.id)) : customInterest(interest);
    if (!one.ok) return one;
    chosen.set(one.value.key, one.value);
  }
  const list = [...chosen.values()];
  const own = list.filter(({ label }) => label !== null).length;
  return own > mostCustom ? tooMany(mostCustom, " of your own") : ok(list);
}

/**
 * What is stored for keys: those of the catalogue, and `own` ones the user has already.
 * Refusals: VALIDATION_ERROR with `field`, and `limit` where there is one
 */
export function chosenKeys(
  keys: readonly string[],
  catalogue: ReadonlySet<string>,
  own: ReadonlyMap<string, ChosenInterest>,
): Result<ChosenInterest[]> {
  if (keys.length > mostInterests) return tooMany(mostInterests);
  const unique = [...new Set(keys)];
  const unknown = unique.find((key) => !catalogue.has(key) && !own.has(key));
  if (unknown !== undefined) return unknownInterest(unknown);
  return ok(unique.map((key) => own.get(key) ?? listed(key)));
}

const listed = (key: string): ChosenInterest => ({ key, label: null, iconName: null });

function customInterest({
  id,
  name,
  category,
  iconName,
}: RequestedInterest): Result<ChosenInterest> {
  if (category !== "personal") return unknownInterest(id);
  const cut = [...name.trim()].slice(0, longestLabel).join("");
  const label = shownText("interests", cut, 2 * longestLabel);
  if (!label.ok) return label;
  const slug = slugOf(label.value);
  if ([...label.value].length < shortestLabel || slug === "")
    return invalid(`An interest needs a name of ${shortestLabel} letters or more`);
  if (iconName !== undefined && !/^[\w:-]{1,64}$/.test(iconName))
    return invalid("iconName must be 1 to 64 letters, digits and dashes");
  return ok({ key: `custom:${slug}`, label: label.value, iconName: iconName ?? null });
}

/** The same for every spelling that differs in case, composition or what stands between words. */
function slugOf(label: string): string {
  return label
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
}

function unknownInterest(key: string): Result<never> {
  const message = "interests holds one that is not in the catalogue";
  const metadata = { field: "interests", interest: key.slice(0, 64) };
  return refuse(new AppError("VALIDATION_ERROR", message, metadata));
}

function tooMany(limit: number, what = ""): Result<never> {
  const message = `At most ${limit} interests${what}`;
  return refuse(new AppError("VALIDATION_ERROR", message, { field: "interests", limit }));
}

function invalid(message: string): Result<never> {
  return refuse(new AppError("VALIDATION_ERROR", message, { field: "interests" }));
}
