import type { GenericValidator, PropertyValidators } from "convex/values";
import { type Mismatch, under } from "./mismatch.ts";
import { isFieldName, isPlainObject, isValue } from "./values.ts";

/** Finds the first thing wrong with a value, in the order of the documented checks; undefined = it fits. */
export type Check = (value: unknown) => Mismatch | undefined;

/**
 * Walks a validator once and returns the check it stands for, so that a call walks only its value.
 * Objects are closed; a field holding `undefined` counts as absent; `v.id` takes any string, because
 * an id that names nothing is answered with NOT_FOUND, whatever it looks like.
 */
export function compileCheck(validator: GenericValidator): Check {
  switch (validator.kind) {
    case "object":
      return objectCheck(validator, validator.fields);
    case "array":
      return arrayCheck(validator, compileCheck(validator.element));
    case "record":
      return recordCheck(validator, compileCheck(validator.key), compileCheck(validator.value));
    case "union":
      return unionCheck(validator, validator.members);
    case "commitTs":
      throw new Error("v.commitTs() is not supported in the arguments and results of functions");
    default:
      return predicateCheck(validator, predicateOf(validator));
  }
}

type Predicate = (value: unknown) => boolean;
type Scalar = Exclude<
  GenericValidator,
  { kind: "object" | "array" | "record" | "union" | "commitTs" }
>;

function predicateOf(validator: Scalar): Predicate {
  switch (validator.kind) {
    case "string":
    case "id":
      return (value) => typeof value === "string";
    case "float64":
      return (value) => typeof value === "number";
    case "boolean":
      return (value) => typeof value === "boolean";
    case "null":
      return (value) => value === null;
    case "int64":
      return (value) => typeof value === "bigint" && BigInt.asIntN(64, value) === value;
    case "bytes":
      return (value) => value instanceof ArrayBuffer;
    case "any":
      return (value) => isValue(value);
    case "literal": {
      const literal: unknown = validator.value;
      return (value) => value === literal;
    }
  }
}

function predicateCheck(validator: GenericValidator, fits: Predicate): Check {
  return (value) => (fits(value) ? undefined : wrongValue(validator, value));
}

function wrongValue(validator: GenericValidator, value: unknown): Mismatch {
  return { reason: "wrong_value", path: "", value, validator };
}

interface FieldCheck {
  readonly name: string;
  readonly optional: boolean;
  readonly check: Check;
}

function compileFields(fields: PropertyValidators): FieldCheck[] {
  return Object.keys(fields)
    .sort()
    .map((name) => {
      // Reading such a field of a plain object would find the inherited member.
      if (name in Object.prototype) throw new Error(`A field cannot be named ${name}`);
      const field = fields[name] as GenericValidator;
      return { name, optional: field.isOptional === "optional", check: compileCheck(field) };
    });
}

function objectCheck(validator: GenericValidator, properties: PropertyValidators): Check {
  const fields = compileFields(properties);
  const known = new Set(fields.map(({ name }) => name));
  return (value) => {
    if (!isPlainObject(value)) return wrongValue(validator, value);
    for (const { name, optional, check } of fields) {
      const field = value[name];
      if (field === undefined) {
        if (optional) continue;
        return { reason: "missing_field", path: "", field: name, value, validator };
      }
      const mismatch = check(field);
      if (mismatch !== undefined) return under(`.${name}`, mismatch);
    }
    const extra = extraField(value, known);
    return extra === undefined
      ? undefined
      : { reason: "unknown_field", path: "", field: extra, value, validator };
  };
}

/** The first unknown field in sorted order. */
function extraField(
  value: Record<string, unknown>,
  known: ReadonlySet<string>,
): string | undefined {
  let first: string | undefined;
  for (const name of Object.keys(value)) {
    if (known.has(name) || value[name] === undefined) continue;
    if (first === undefined || name < first) first = name;
  }
  return first;
}

function arrayCheck(validator: GenericValidator, element: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return wrongValue(validator, value);
    for (let index = 0; index < value.length; index++) {
      const mismatch = element(value[index]);
      if (mismatch !== undefined) return under(`[${index}]`, mismatch);
    }
    return undefined;
  };
}

function recordCheck(validator: GenericValidator, key: Check, field: Check): Check {
  return (value) => {
    if (!isPlainObject(value)) return wrongValue(validator, value);
    for (const name of Object.keys(value).sort()) {
      if (!isFieldName(name)) return wrongValue(validator, value);
      const wrongKey = key(name);
      if (wrongKey !== undefined) return under(".keys()", wrongKey);
      const mismatch = value[name] === undefined ? undefined : field(value[name]);
      if (mismatch !== undefined) return under(".values()", mismatch);
    }
    return undefined;
  };
}

/** With one member its own mismatch is the answer, with several the whole union is what was expected. */
function unionCheck(validator: GenericValidator, members: readonly GenericValidator[]): Check {
  const literals = literalsOf(members);
  if (literals !== undefined) return predicateCheck(validator, (value) => literals.has(value));
  const checks = members.map(compileCheck);
  const [only] = checks;
  if (only !== undefined && checks.length === 1) return only;
  return predicateCheck(validator, (value) => checks.some((check) => check(value) === undefined));
}

/** The values of a union of several literals, for which one lookup replaces a try of each. */
function literalsOf(members: readonly GenericValidator[]): ReadonlySet<unknown> | undefined {
  const values = members.flatMap((member) => (member.kind === "literal" ? [member.value] : []));
  return members.length > 1 && values.length === members.length ? new Set(values) : undefined;
}
