import { convexToJson, type Value } from "convex/values";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeValue, encodeValue, ValueError } from "./values.ts";

const fieldNames = fc
  .string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)) })
  .filter((name) => !name.startsWith("$") && name !== "__proto__");
const scalars = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
  fc.uint8Array().map((bytes) => Uint8Array.from(bytes).buffer),
);
const { value: values } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalars,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fieldNames, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

describe("decodeValue and encodeValue", () => {
  it("give back every value Convex's own client encodes", () => {
    fc.assert(
      fc.property(values, (value) => {
        const json = JSON.parse(JSON.stringify(convexToJson(value)));
        expect(decodeValue(json)).toEqual(value);
      }),
    );
  });

  it("write the lossless encoding as Convex's own client does", () => {
    fc.assert(
      fc.property(values, (value) => {
        const ours = JSON.parse(JSON.stringify(encodeValue(value, "convex_encoded_json")));
        expect(ours).toEqual(JSON.parse(JSON.stringify(convexToJson(value))));
      }),
    );
  });

  it("leave the value they encode as it was", () => {
    const value = { list: [1n], plain: 1 };
    expect(encodeValue(value, "json")).toEqual({ list: ["1"], plain: 1 });
    expect(value).toEqual({ list: [1n], plain: 1 });
  });

  it.each([
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [Number.NEGATIVE_INFINITY, "-Infinity"],
    [-0, 0],
    [-5n, "-5"],
    [new Uint8Array([255]).buffer, "/w=="],
  ])("writes %s cleanly as %s", (value, clean) => {
    expect(encodeValue(value, "json")).toBe(clean);
  });

  it("leave out undefined fields and refuse undefined elsewhere", () => {
    expect(JSON.stringify(encodeValue({ a: undefined, b: 1 }, "json"))).toBe('{"b":1}');
    expect(() => encodeValue([undefined], "json")).toThrow(ValueError);
    expect(() => encodeValue(new Date(0), "json")).toThrow(ValueError);
  });
});

describe("decodeValue", () => {
  it.each<[string, string]>([
    ["an own __proto__", '{"__proto__":{"admin":true}}'],
    ["a nested __proto__", '{"a":{"__proto__":null,"b":1}}'],
    ["a reserved name", '{"$a":1}'],
    ["a commit timestamp", '{"$commitTs":null}'],
    ["a set", '{"$set":[]}'],
    ["a map", '{"$map":[]}'],
    ["a wrapper beside another field", '{"$integer":"AQAAAAAAAAA=","a":1}'],
    ["a short integer", '{"$integer":"AQ=="}'],
    ["an ordinary float in a wrapper", '{"$float":"AAAAAAAA8D8="}'],
    ["a number out of range", "1e999"],
    ["a lone surrogate", '"\\ud800"'],
    ["a NUL", '"\\u0000"'],
    ["a name with a control character", '{"a\\nb":1}'],
    ["a name that is not ASCII", '{"ä":1}'],
    ["a long name", JSON.stringify({ [`a${"b".repeat(1024)}`]: 1 })],
    [
      "too many fields",
      JSON.stringify(Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [i, 0]))),
    ],
    ["too many elements", JSON.stringify(Array(8193).fill(0))],
  ])("refuses %s", (_name, json) => {
    expect(() => decodeValue(JSON.parse(json))).toThrow(ValueError);
  });

  it("takes 64 levels and refuses 65, however deep the JSON", () => {
    const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
    expect(decodeValue(nested(64))).toBeDefined();
    expect(() => decodeValue(nested(65))).toThrow(/nested 65 levels deep/);
    expect(() => decodeValue(nested(100_000))).toThrow(ValueError);
  });

  it("never changes a prototype", () => {
    expect(() => decodeValue(JSON.parse('{"__proto__":{"polluted":1}}'))).toThrow();
    expect("polluted" in {}).toBe(false);
  });
});
