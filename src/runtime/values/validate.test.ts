import { type GenericValidator, v } from "convex/values";
import { describe, expect, it } from "vitest";
import { explainMismatch, mismatchText } from "./mismatch.ts";
import { compileCheck } from "./validate.ts";

const text = (validator: GenericValidator, value: unknown) => {
  const mismatch = compileCheck(validator)(value);
  return mismatch && mismatchText(mismatch);
};

describe("values that fit", () => {
  it.each<[string, GenericValidator, unknown]>([
    ["a string", v.string(), ""],
    ["a malformed id", v.id("meetings"), "meeting_123example"],
    ["NaN", v.number(), Number.NaN],
    ["an int64", v.int64(), -(2n ** 63n)],
    ["bytes", v.bytes(), new ArrayBuffer(1)],
    ["null", v.null(), null],
    ["a literal", v.literal(1), 1],
    ["a member of a union", v.union(v.string(), v.null()), null],
    ["a literal of several", v.union(v.literal("a"), v.literal("b")), "b"],
    ["an absent optional field", v.object({ a: v.optional(v.string()) }), {}],
    ["an undefined optional field", v.object({ a: v.optional(v.string()) }), { a: undefined }],
    ["an undefined unknown field", v.object({}), { a: undefined }],
    ["an object without prototype", v.object({}), Object.create(null)],
    ["a record", v.record(v.string(), v.number()), { a: 1 }],
    ["anything", v.any(), { a: [1n, null, { b: true }] }],
  ])("%s", (_name, validator, value) => {
    expect(compileCheck(validator)(value)).toBeUndefined();
  });
});

describe("values that do not fit", () => {
  it.each<[string, GenericValidator, unknown, string]>([
    [
      "a missing field before later ones",
      v.object({ b: v.string(), a: v.string() }),
      {},
      "Object is missing the required field `a`. Consider wrapping the field validator in `v.optional(...)` if this is expected.\n\nObject: {}\nValidator: v.object({a: v.string(), b: v.string()})",
    ],
    [
      "a wrong known field before an unknown one",
      v.object({ b: v.string() }),
      { a: 1, b: 1 },
      "Value does not match validator.\nPath: .b\nValue: 1.0\nValidator: v.string()",
    ],
    [
      "null for an optional field",
      v.object({ a: v.optional(v.string()) }),
      { a: null },
      "Value does not match validator.\nPath: .a\nValue: null\nValidator: v.string()",
    ],
    [
      "the innermost object of a missing field",
      v.object({ o: v.object({ a: v.string() }) }),
      { o: {} },
      "Object is missing the required field `a`. Consider wrapping the field validator in `v.optional(...)` if this is expected.\nPath: .o\nObject: {}\nValidator: v.object({a: v.string()})",
    ],
    [
      "an element",
      v.object({ tags: v.array(v.string()) }),
      { tags: ["a", 5n] },
      "Value does not match validator.\nPath: .tags[1]\nValue: 5\nValidator: v.string()",
    ],
    [
      "a record's value",
      v.record(v.string(), v.number()),
      { a: "x" },
      'Value does not match validator.\nPath: .values()\nValue: "x"\nValidator: v.float64()',
    ],
    [
      "a record's key",
      v.record(v.id("users"), v.number()),
      { $a: 1 },
      'Value does not match validator.\n\nValue: {$a: 1.0}\nValidator: v.record(v.id("users"), v.float64())',
    ],
    [
      "a literal",
      v.object({ kind: v.literal("y") }),
      { kind: "x" },
      '`"x"` does not match literal validator `v.literal("y")`.Path: .kind',
    ],
    [
      "a union of one",
      v.object({ k: v.union(v.literal("y")) }),
      { k: 1 },
      '`1.0` does not match literal validator `v.literal("y")`.Path: .k',
    ],
    [
      "a union of several",
      v.union(v.string(), v.null()),
      true,
      "Value does not match validator.\n\nValue: true\nValidator: v.union(v.string(), v.null())",
    ],
    [
      "an int64 out of range",
      v.int64(),
      2n ** 63n,
      "Value does not match validator.\n\nValue: 9223372036854775808\nValidator: v.int64()",
    ],
    [
      "a class instance",
      v.object({}),
      new Map(),
      "Value does not match validator.\n\nValue: [Map]\nValidator: v.object({})",
    ],
    [
      "a date within anything",
      v.object({ a: v.any() }),
      { a: [new Date(0)] },
      "Value does not match validator.\nPath: .a\nValue: [[Date]]\nValidator: v.any()",
    ],
    [
      "an inherited field",
      v.object({ a: v.number() }),
      Object.create({ a: 1 }),
      "Value does not match validator.\n\nValue: [Object]\nValidator: v.object({a: v.float64()})",
    ],
  ])("%s", (_name, validator, value, expected) => {
    expect(text(validator, value)).toBe(expected);
  });

  it.each([
    [1e16, "1e16"],
    [-0, "-0.0"],
    [0.5, "0.5"],
    [Number.NaN, "NaN"],
    [Number.NEGATIVE_INFINITY, "-inf"],
  ])("prints the number %s as %s", (value, printed) => {
    expect(text(v.string(), value)).toContain(`Value: ${printed}\n`);
  });

  it("cuts what it prints", () => {
    expect(text(v.null(), "x".repeat(10 ** 7))?.length).toBeLessThan(1200);
    expect(text(v.null(), Array(8192).fill("long text"))?.length).toBeLessThan(1200);
  });
});

describe("explainMismatch", () => {
  it.each<[GenericValidator, unknown, string]>([
    [v.object({ a: v.number() }), {}, "`a` is required: a number"],
    [v.object({ o: v.object({}) }), { o: { x: 1 } }, "`o.x` is not an argument of this function"],
    [
      v.object({ a: v.array(v.union(v.string(), v.null())) }),
      { a: [1] },
      "`a[0]` must be one of a string, null",
    ],
    [v.object({ m: v.id("meetings") }), { m: 1 }, "`m` must be an id of meetings"],
  ])("says what was expected of %#", (validator, value, message) => {
    const mismatch = compileCheck(validator)(value);
    expect(mismatch && explainMismatch(mismatch).message).toBe(message);
  });
});

describe("validators that cannot be used", () => {
  it("refuses fields that every object inherits", () => {
    const fields = { constructor: v.string() };
    expect(() => compileCheck(v.object(fields))).toThrow(/constructor/);
  });

  it("refuses commit timestamps", () => {
    expect(() => compileCheck(v.commitTs())).toThrow(/commitTs/);
  });
});
