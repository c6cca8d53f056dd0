import fc from "fast-check";
import otText from "ot-text";
import { describe, expect, it } from "vitest";
import {
  applied,
  composed,
  inverseOf,
  maxCharacters,
  type NoteOperation,
  noteOperation,
  operationOf,
  replacement,
  textOperation,
} from "./textOperation.ts";

const { type: ot } = otText;

/** Characters of one to eleven UTF-16 units. */
const characters = fc.constantFrom("a", "b", "é", "字", "😀", "😁", "👩‍👩‍👧", "\n");
const texts = fc.array(characters, { maxLength: 12 }).map((all) => all.join(""));

const operationFrom = (operation: NoteOperation) => {
  const result = textOperation(operation);
  if (!result.ok) throw result.error;
  return result.value;
};
const appliedTo = (text: string, ...operations: NoteOperation[]) => {
  const result = applied(text, composed(operations.map(operationFrom)));
  return result.ok ? result.value.text : result.error.toData();
};

describe("an operation of the contract", () => {
  it.each<[string, NoteOperation, string]>([
    ["inserts at the end", { type: "insert", position: 4, content: "!" }, "a😀b!"],
    ["inserts between characters", { type: "insert", position: 3, content: "字" }, "a😀字b"],
    ["deletes a character of two units", { type: "delete", position: 1, length: 2 }, "ab"],
    ["retains", { type: "retain", position: 2, length: 1 }, "a😀b"],
    ["retains without a length", { type: "retain", position: 0 }, "a😀b"],
  ])("%s", (_what, operation, expected) => {
    expect(appliedTo("a😀b", operation)).toBe(expected);
  });

  it.each<[string, NoteOperation, string]>([
    ["a position below 0", { type: "delete", position: -1, length: 1 }, "operation.position"],
    ["half a position", { type: "delete", position: 0.5, length: 1 }, "operation.position"],
    ["a delete without a length", { type: "delete", position: 0 }, "operation.length"],
    ["a delete of nothing", { type: "delete", position: 0, length: 0 }, "operation.length"],
    ["an insert of nothing", { type: "insert", position: 0, content: "" }, "operation.content"],
    ["NUL", { type: "insert", position: 0, content: "a\0" }, "operation.content"],
    ["half a character", { type: "insert", position: 0, content: "\ud83d" }, "operation.content"],
    ["its other half", { type: "insert", position: 0, content: "\ude00a" }, "operation.content"],
    [
      "too long a text",
      { type: "insert", position: 0, content: "x".repeat(maxCharacters + 1) },
      "operation.content",
    ],
  ])("is refused for %s", (_what, operation, field) => {
    expect(textOperation(operation)).toMatchObject({
      error: { code: "VALIDATION_ERROR", metadata: { field } },
    });
  });

  it.each<[string, NoteOperation]>([
    ["beyond the end", { type: "insert", position: 5, content: "x" }],
    ["deleting beyond the end", { type: "delete", position: 3, length: 2 }],
    ["inside a character", { type: "insert", position: 2, content: "x" }],
    ["deleting the first half of a character", { type: "delete", position: 0, length: 2 }],
    ["deleting the second half of a character", { type: "delete", position: 2, length: 1 }],
  ])("is not applied %s", (_what, operation) => {
    expect(appliedTo("a😀b", operation)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "operation.position" },
    });
  });

  it("is not applied where the notes would be too long", () => {
    const full = "x".repeat(maxCharacters);
    expect(appliedTo(full, { type: "insert", position: 0, content: "y" })).toMatchObject({
      metadata: { field: "operation", limit: maxCharacters },
    });
    expect(
      appliedTo(
        full,
        { type: "delete", position: 0, length: 1 },
        { type: "insert", position: 0, content: "y" },
      ),
    ).toHaveLength(maxCharacters);
  });
});

describe("keystrokes of one call", () => {
  it("are relative to each other", () => {
    const keys = [..."abc"].map((content, position) => ({
      ...{ type: "insert" as const, position, content },
    }));
    expect(appliedTo("", ...keys)).toBe("abc");
    expect(appliedTo("", ...keys, { type: "delete", position: 1, length: 1 })).toBe("ac");
  });
});

describe("what makes one text of another", () => {
  it("does so, whatever characters are in them", () => {
    fc.assert(
      fc.property(texts, texts, (from, to) => {
        const result = applied(from, replacement(from, to));
        expect(result).toMatchObject({ ok: true, value: { text: to } });
      }),
    );
  });

  it("has parts that make it one by one, and that can be taken back", () => {
    fc.assert(
      fc.property(texts, texts, texts, (from, between, to) => {
        const operation = composed([replacement(from, between), replacement(between, to)]);
        const result = applied(from, operation);
        if (!result.ok) throw result.error;
        const { parts } = result.value;
        const told = parts.map((part) => operationFrom(noteOperation(part)));
        expect(told).toEqual(parts.map(operationOf));
        expect(told.reduce((text, part) => ot.apply(text, part), from)).toBe(to);
        const back = composed(parts.map(inverseOf).reverse());
        expect(ot.apply(to, back)).toBe(from);
      }),
    );
  });
});
