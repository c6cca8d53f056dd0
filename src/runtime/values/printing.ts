import type { GenericValidator } from "convex/values";
import { isPlainObject } from "./values.ts";

const maxPrinted = 1024;

/** A value as Convex's error texts print it, cut at 1,024 characters. */
export function printValue(value: unknown): string {
  const text = print(value);
  return text.length > maxPrinted ? `${text.slice(0, maxPrinted)}…` : text;
}

function print(value: unknown): string {
  switch (typeof value) {
    case "string":
      // Cut before quoting: a long text must not be escaped in full only to be thrown away.
      return JSON.stringify(value.slice(0, maxPrinted));
    case "number":
      return printNumber(value);
    case "object":
      return value === null ? "null" : printObject(value);
    default:
      return String(value);
  }
}

function printNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "inf";
  if (value === Number.NEGATIVE_INFINITY) return "-inf";
  if (Object.is(value, -0)) return "-0.0";
  if (Number.isNaN(value)) return "NaN";
  const size = Math.abs(value);
  if (size >= 1e16 || (size > 0 && size < 1e-4)) return value.toExponential().replace("e+", "e");
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function printObject(value: object): string {
  if (value instanceof ArrayBuffer)
    return `b"${Buffer.from(value).subarray(0, maxPrinted).toString("base64")}"`;
  if (Array.isArray(value)) return `[${printMany(value, print)}]`;
  if (!isPlainObject(value)) return `[${value.constructor.name}]`;
  const names = Object.keys(value).sort();
  return `{${printMany(names, (name) => `${name}: ${print(value[name])}`)}}`;
}

/** Stops as soon as enough is printed, so that refusing a large value stays cheap. */
function printMany<T>(items: readonly T[], one: (item: T) => string): string {
  let text = "";
  for (const item of items) {
    if (text.length > maxPrinted) break;
    text += text === "" ? one(item) : `, ${one(item)}`;
  }
  return text;
}

/** A validator as its source would read, fields sorted: `v.object({kind: v.literal("x")})`. */
export function printValidator(validator: GenericValidator): string {
  switch (validator.kind) {
    case "id":
      return `v.id(${JSON.stringify(validator.tableName)})`;
    case "literal":
      return `v.literal(${print(validator.value)})`;
    case "array":
      return `v.array(${printValidator(validator.element)})`;
    case "record":
      return `v.record(${printValidator(validator.key)}, ${printValidator(validator.value)})`;
    case "union":
      return `v.union(${validator.members.map(printValidator).join(", ")})`;
    case "object":
      return `v.object({${printFields(validator.fields)}})`;
    default:
      return `v.${validator.kind}()`;
  }
}

function printFields(fields: Record<string, GenericValidator>): string {
  const entries = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries
    .map(([name, field]) => {
      const text = printValidator(field);
      return `${name}: ${field.isOptional === "optional" ? `v.optional(${text})` : text}`;
    })
    .join(", ");
}

/** What a validator wants, for people: `one of "grid", "spotlight"`, `a string`. */
export function describeValidator(validator: GenericValidator): string {
  switch (validator.kind) {
    case "union":
      return describeUnion(validator.members);
    case "literal":
      return print(validator.value);
    case "id":
      return `an id of ${validator.tableName}`;
    default:
      return nouns[validator.kind];
  }
}

const nouns = {
  string: "a string",
  float64: "a number",
  int64: "a 64-bit integer",
  boolean: "a boolean",
  bytes: "bytes",
  null: "null",
  array: "an array",
  object: "an object",
  record: "an object",
  any: "a value",
  commitTs: "a timestamp",
} as const;

function describeUnion(members: readonly GenericValidator[]): string {
  const parts = members.map(describeValidator).join(", ");
  return members.length > 1 ? `one of ${parts}` : parts;
}
