import { hash } from "node:crypto";
import { AppError } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import { displayProblem } from "../../core/text/displayText.ts";

const maxCharacters = 80;

/** A person of the built-in issuer. */
export interface LocalPerson {
  /** As typed, trimmed. */
  name: string;
  /** The same for every spelling that differs in case or Unicode composition only. */
  subject: string;
  email: string;
}

/**
 * Reads a name as typed: 1–80 characters that can be shown (`displayText`).
 * Refusals are VALIDATION_ERROR with `metadata.field`.
 */
export function localPerson(typed: unknown): Result<LocalPerson> {
  if (typeof typed !== "string") return refuseName("must be a string");
  // Normalising can multiply a string's length: bounded before and after.
  if (typed.length > maxCharacters * 8)
    return refuseName(`has more than ${maxCharacters} characters`);
  const name = typed.normalize("NFC").trim();
  if ([...name].length > maxCharacters)
    return refuseName(`has more than ${maxCharacters} characters`);
  const problem = displayProblem(name);
  if (problem !== undefined) return refuseName(problem);
  const folded = name.toUpperCase().toLowerCase().normalize("NFC");
  const digest = hash("sha256", folded, "hex");
  return ok({ name, subject: `local_${digest.slice(0, 32)}`, email: emailOf(folded, digest) });
}

/** An address that nobody can own (RFC 2606), readable where the name is plain ASCII. */
function emailOf(folded: string, digest: string): string {
  const slug = folded
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  const unique = slug === folded ? slug : [slug, digest.slice(0, 8)].filter(Boolean).join("-");
  return `${unique}@local.invalid`;
}

function refuseName(problem: string): Result<never> {
  return refuse(new AppError("VALIDATION_ERROR", `The name ${problem}`, { field: "name" }));
}
