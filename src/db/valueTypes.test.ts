import { describe, expect, it } from "vitest";
import { encodeValue, parseInt8, parseTimestamp } from "./valueTypes.ts";

describe("values of the database", () => {
  it("timestamps become epoch ms, whatever the session's time zone", () => {
    expect(parseTimestamp("2026-01-02 03:04:05.678901+00")).toBe(
      Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    );
    expect(parseTimestamp("2026-01-02 03:04:05+00")).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    expect(parseTimestamp("2026-01-02 08:34:05+05:30")).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    expect(parseTimestamp("infinity")).toBe(Number.POSITIVE_INFINITY);
  });

  it("int8 becomes a number or an error, never a wrong number", () => {
    expect(parseInt8("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => parseInt8("9007199254740993")).toThrow(RangeError);
  });

  it("parameters are text, JSON, SQL arrays of strings, bytes or NULL", () => {
    expect(encodeValue({ a: [1] })).toBe('{"a":[1]}');
    expect(encodeValue(['a"\\', ""])).toBe('{"a\\"\\\\",""}');
    expect(encodeValue(false)).toBe("false");
    expect(encodeValue(new Date(0))).toBe("1970-01-01T00:00:00.000Z");
    expect(encodeValue(null)).toBeNull();
    expect(encodeValue(undefined)).toBeNull();
    expect(encodeValue(Buffer.from("x"))).toEqual(Buffer.from("x"));
    expect(() => encodeValue([1] as unknown as string[])).toThrow(/arrays of strings/);
  });
});
