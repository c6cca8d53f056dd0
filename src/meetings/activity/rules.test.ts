import { describe, expect, it } from "vitest";
import { reportedUser, storedTopics } from "./rules.ts";

describe("whose activity is reported", () => {
  it("is one's own, and for a host everybody's", () => {
    expect(reportedUser({ userId: "a", role: "participant" }, "a")).toMatchObject({ value: "a" });
    expect(reportedUser({ userId: "a", role: "host" }, "b")).toMatchObject({ value: "b" });
    expect(reportedUser({ userId: "a", role: "participant" }, "b")).toMatchObject({
      error: { code: "FORBIDDEN" },
    });
  });
});

describe("topics", () => {
  it("are trimmed, each once", () => {
    expect(storedTopics([" Plans ", "Plans", "Money"])).toEqual({
      ok: true,
      value: ["Plans", "Money"],
    });
  });

  it.each([
    ["blank", [" "]],
    ["too long", ["x".repeat(201)]],
    ["turned around", ["a\u202eb"]],
    ["51", Array.from({ length: 51 }, (_, index) => `topic ${index}`)],
  ])("are refused: %s", (_what, topics) => {
    expect(storedTopics(topics)).toMatchObject({
      error: { code: "VALIDATION_ERROR", metadata: { field: "topics" } },
    });
  });
});
