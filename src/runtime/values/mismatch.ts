import type { GenericValidator } from "convex/values";
import { describeValidator, printValidator, printValue } from "./printing.ts";

/** Where and why a value does not fit its validator. */
export interface Mismatch {
  readonly reason: "missing_field" | "unknown_field" | "wrong_value";
  /** From the root to the value (or to the object a field is missing from), e.g. `.user.tags[0]`. */
  path: string;
  /** The missing or unknown field. */
  readonly field?: string;
  /** The value concerned: never shown to anybody but the caller who sent it. */
  readonly value: unknown;
  readonly validator: GenericValidator;
}

/** Prefixes the path on the way out of a nested check. */
export function under(segment: string, mismatch: Mismatch): Mismatch {
  mismatch.path = segment + mismatch.path;
  return mismatch;
}

/** The text Convex gives, so that people and programs who know it recognise it. */
export function mismatchText({ reason, path, field, value, validator }: Mismatch): string {
  const context = path === "" ? "" : `Path: ${path}`;
  if (reason !== "wrong_value") {
    const first =
      reason === "missing_field"
        ? `Object is missing the required field \`${field}\`. Consider wrapping the field validator in \`v.optional(...)\` if this is expected.`
        : `Object contains extra field \`${field}\` that is not in the validator.`;
    return `${first}\n${context}\nObject: ${printValue(value)}\nValidator: ${printValidator(validator)}`;
  }
  const printed = printValue(value);
  if (validator.kind === "literal")
    return `\`${printed}\` does not match literal validator \`${printValidator(validator)}\`.${context}`;
  return `Value does not match validator.\n${context}\nValue: ${printed}\nValidator: ${printValidator(validator)}`;
}

/** The dotted name of the field concerned, e.g. `recordingConfig.quality`; empty for the whole object. */
export function fieldOf({ path, field }: Mismatch): string {
  const whole = field === undefined ? path : `${path}.${field}`;
  return whole.startsWith(".") ? whole.slice(1) : whole;
}

/** One sentence for the caller, and what a program can act on. */
export function explainMismatch(mismatch: Mismatch): { message: string; expected: string } {
  const field = fieldOf(mismatch);
  const expected = expectation(mismatch);
  switch (mismatch.reason) {
    case "missing_field":
      return { message: `\`${field}\` is required: ${expected}`, expected };
    case "unknown_field":
      return { message: `\`${field}\` is not an argument of this function`, expected };
    case "wrong_value":
      return { message: `\`${field || "args"}\` must be ${expected}`, expected };
  }
}

function expectation({ reason, field, validator }: Mismatch): string {
  if (reason === "wrong_value" || validator.kind !== "object") return describeValidator(validator);
  if (reason === "unknown_field") {
    const names = Object.keys(validator.fields).sort();
    return names.length === 0 ? "no fields" : `one of the fields ${names.join(", ")}`;
  }
  const missing = field === undefined ? undefined : validator.fields[field];
  return missing === undefined ? "a value" : describeValidator(missing);
}
