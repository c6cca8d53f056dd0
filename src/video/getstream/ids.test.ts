import { describe, expect, test } from "vitest";
import { pathSegment, requireCallId, requireUserId } from "./ids.ts";

describe("a call id", () => {
  test.each(["call_meeting_01jd", "A-b_9", "x".repeat(64)])("may be %s", (id) => {
    expect(requireCallId(id)).toBe(id);
  });

  test.each([
    "",
    "x".repeat(65),
    "../../users",
    "..",
    "room/1",
    "room?api_key=x",
    "room#1",
    "$&",
    "réunion",
    "room 1",
    "room%2F1",
    "room\n",
  ])("may not be %j", (id) => {
    expect(() => requireCallId(id)).toThrow(
      expect.objectContaining({ code: "VALIDATION_ERROR", metadata: { field: "roomId" } }),
    );
  });
});

test("a user id is checked alike", () => {
  expect(requireUserId("user_01jd@org")).toBe("user_01jd@org");
  expect(() => requireUserId("a b")).toThrow(
    expect.objectContaining({ code: "VALIDATION_ERROR", metadata: { field: "userId" } }),
  );
});

test("a name of Stream's becomes exactly one path segment", () => {
  expect(pathSegment("a b/c.mp4")).toBe("a%20b%2Fc.mp4");
  expect(pathSegment("$&")).toBe("%24%26");
  for (const name of ["", ".", ".."]) expect(() => pathSegment(name)).toThrow();
});
