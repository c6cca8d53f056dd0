import { describe, expect, it } from "vitest";
import { readCursor, writeCursor } from "./pageCursor.ts";

describe("a cursor", () => {
  it.each([{ after: "user_01" }, null])("leads back to %j", (position) => {
    expect(readCursor("list", "cursor", writeCursor("list", position))).toEqual({
      ok: true,
      value: position,
    });
  });

  it.each([
    ["of another list", writeCursor("other", { after: "user_01" })],
    ["invented", "abc"],
    ["empty", ""],
    ["huge", "A".repeat(100_000)],
    ["with a strange id", writeCursor("list", { after: "' OR 1=1 --" })],
    ["of another shape", Buffer.from('{"a":1}').toString("base64url")],
  ])("%s is refused as Convex's clients know it", (_what, cursor) => {
    expect(readCursor("list", "cursor", cursor)).toMatchObject({
      error: {
        code: "VALIDATION_ERROR",
        message: expect.stringContaining("InvalidCursor"),
        metadata: { field: "cursor", reason: "InvalidCursor" },
      },
    });
  });
});
