import { describe, expect, it } from "vitest";
import { changedProfile, defaultName } from "./rules.ts";

const stored = {
  displayName: "Alice",
  bio: "Once upon a time",
  goals: null,
  languages: ["en"],
  experience: null,
  age: 30,
  gender: null,
  field: "Law",
  jobTitle: null,
  company: null,
  linkedinUrl: null,
};

describe("a changed profile", () => {
  it("keeps what is absent, takes away what is empty, and trims", () => {
    expect(changedProfile(stored, { bio: " ", goals: " Rest\nand sleep ", age: 31 })).toEqual({
      ok: true,
      value: { ...stored, bio: null, goals: "Rest\nand sleep", age: 31 },
    });
  });

  it("needs a name the first time only", () => {
    expect(changedProfile(undefined, { bio: "Long ago" })).toMatchObject({
      error: { code: "VALIDATION_ERROR", metadata: { field: "displayName" } },
    });
    expect(changedProfile(undefined, { displayName: "Bob" })).toMatchObject({
      value: { displayName: "Bob", languages: [], age: null },
    });
  });

  it("names each language once", () => {
    expect(changedProfile(stored, { languages: ["de", " de ", "fr"] })).toMatchObject({
      value: { languages: ["de", "fr"] },
    });
  });

  it.each([
    ["displayName", { displayName: " " }],
    ["displayName", { displayName: "x".repeat(201) }],
    ["displayName", { displayName: "a\u202eb" }],
    ["bio", { bio: "x".repeat(1001) }],
    ["bio", { bio: "a\0b" }],
    ["field", { field: "a\nb" }],
    ["company", { company: "x".repeat(201) }],
    ["age", { age: 12 }],
    ["age", { age: 121 }],
    ["age", { age: 30.5 }],
    ["age", { age: Number.NaN }],
    ["languages", { languages: Array.from({ length: 21 }, (_, index) => `l${index}`) }],
    ["languages", { languages: [""] }],
    ["languages", { languages: ["x".repeat(51)] }],
    ["linkedinUrl", { linkedinUrl: "javascript:alert(1)" }],
    ["linkedinUrl", { linkedinUrl: "linkedin.com/in/alice" }],
    ["linkedinUrl", { linkedinUrl: "https://a b" }],
  ])("is refused for its %s: %j", (field, change) => {
    expect(changedProfile(stored, change)).toMatchObject({
      error: { code: "VALIDATION_ERROR", metadata: { field } },
    });
  });
});

describe("the name of a first profile", () => {
  it.each([
    ["Al", { displayName: "Al", email: "x@y.test" }],
    ["alice", { email: "alice@example.test" }],
    ["New user", { email: "0123@unknown.invalid" }],
  ])("is %s for %j", (name, user) => {
    expect(defaultName(user)).toBe(name);
  });
});
