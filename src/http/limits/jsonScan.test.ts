import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findExcess, jsonLimits } from "./jsonScan.ts";

const scan = (text: string, limits = jsonLimits(1000)) => findExcess(Buffer.from(text), limits);

describe("findExcess", () => {
  it.each([
    ["nested arrays", "[".repeat(1e6), "depth"],
    ["nested objects", '{"a":'.repeat(1e6), "depth"],
    ["many empty objects", `[${"{},".repeat(1e6)}0]`, "nodes"],
    ["many numbers", `[${"0,".repeat(1e6)}0]`, "nodes"],
    ["many fields", `{${'"a":0,'.repeat(1e6)}"b":0}`, "nodes"],
    ["many empty strings", `[${'"",'.repeat(1e6)}0]`, "nodes"],
    ["levels that open and close", `[${"[],".repeat(10_000)}0]`, "nodes"],
    ["as many levels as may be", `${"[".repeat(128)}${"]".repeat(128)}`, undefined],
    ["brackets in a text", JSON.stringify('[{,:\\"['.repeat(1e5)), undefined],
    ["a text that does not end", `["${"[".repeat(1e5)}`, undefined],
    ["a backslash at the end", '["\\', undefined],
    ["no JSON at all", "]]]]}}}}", undefined],
  ])("finds what is too much in %s", (_name, text, excess) => {
    expect(scan(text)).toBe(excess);
  });

  it("counts no fewer values and levels than a parser finds", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { values, levels } = measure(value);
        const text = JSON.stringify(value);
        const exact = scan(text, { depth: levels, nodes: 2 * values });
        const tight = levels > 0 && scan(text, { depth: levels - 1, nodes: 1e9 });
        return exact === undefined && (levels === 0 || tight === "depth");
      }),
    );
  });
});

function measure(value: unknown): { values: number; levels: number } {
  if (typeof value !== "object" || value === null) return { values: 1, levels: 0 };
  const inner = Object.values(value).map(measure);
  const values = inner.reduce((sum, one) => sum + one.values, 1);
  return { values, levels: 1 + Math.max(0, ...inner.map(({ levels }) => levels)) };
}
