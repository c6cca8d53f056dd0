import type { GenericValidator } from "convex/values";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { documented } from "../../../test/support/functions/documented.ts";
import { functionModules } from "../../generated/modules.ts";
import { readBytes } from "../call/arguments.ts";
import { buildRegistry, type RegisteredFunction } from "../registry.ts";

const registry = buildRegistry(functionModules);
const functions = [...registry.values()].map((fn) => [fn.name, fn] as const);
const document = documented(registry);

/** Any value that fits a validator. */
function fitting(validator: GenericValidator): fc.Arbitrary<unknown> {
  switch (validator.kind) {
    case "string":
    case "id":
      return fc.string();
    case "float64":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "literal":
      return fc.constant(validator.value as unknown);
    case "array":
      return fc.array(fitting(validator.element), { maxLength: 3 });
    case "record":
      return fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fitting(validator.value));
    case "union":
      return fc.oneof(...validator.members.map(fitting));
    case "object":
      return fittingObject(validator.fields);
    case "any":
      return fc.jsonValue();
    case "bytes":
      return fc.base64String();
    default:
      throw new Error(`no function takes or returns ${validator.kind} yet`);
  }
}

function fittingObject(fields: Record<string, GenericValidator>): fc.Arbitrary<unknown> {
  const requiredKeys = Object.keys(fields).filter(
    (name) => fields[name]?.isOptional !== "optional",
  );
  const values = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, fitting(field)]),
  );
  return fc.record(values, { requiredKeys });
}

interface Change {
  /** Which child to go to, from 0 to 1, until there are none or the list is at its end. */
  way: number[];
  what: "add" | "remove" | "replace";
  value: unknown;
}

const change: fc.Arbitrary<Change> = fc.record({
  way: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 3 }),
  what: fc.constantFrom("add", "remove", "replace"),
  value: fc.jsonValue(),
});

/** The same with one field too many, too few, or of another kind, somewhere. */
function changed(value: unknown, { way: [step, ...way], what, value: other }: Change): unknown {
  if (typeof value !== "object" || value === null || step === undefined) return other;
  if (what === "add" && way.length === 0 && !Array.isArray(value)) return { ...value, zzz: other };
  const names = Object.keys(value);
  const name = names[Math.floor(step * names.length)];
  if (name === undefined) return other;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  if (what === "remove" && way.length === 0) {
    if (Array.isArray(copy)) copy.pop();
    else delete copy[name];
  } else copy[name] = changed(copy[name], { way, what, value: other });
  return copy;
}

/** As the server reads them. */
function asArguments(fn: RegisteredFunction, json: unknown): unknown {
  const args = structuredClone(json);
  if (typeof args === "object" && args !== null) readBytes(fn, args as Record<string, unknown>);
  return args;
}

describe.each(functions)("what the document says of %s", (name, fn: RegisteredFunction) => {
  it("is what the server takes, and nothing else", () => {
    const args = fitting(fn.argsValidator);
    const sent = fc.oneof(
      args,
      fc.tuple(args, change).map((both) => changed(...both)),
    );
    fc.assert(
      fc.property(sent, (json) => {
        const taken = fn.checkArgs(asArguments(fn, json)) === undefined;
        expect(document.allowsArguments(name, json)).toBe(taken);
      }),
      { numRuns: 60 },
    );
  });

  it("allows everything the server answers", () => {
    const body = { status: "success", errorMessage: "", errorData: {} };
    fc.assert(
      fc.property(fitting(fn.definition.returns), (value) => {
        expect(document.faultOf(name, { ...body, value })).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });

  it("has an answer for every way in which a call ends", () => {
    expect(document.statusesOf(name)).toEqual(
      expect.arrayContaining(["200", "400", "401", "408", "413", "429", "500", "503"]),
    );
  });
});
