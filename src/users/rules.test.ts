import { describe, expect, it } from "vitest";
import type { UserIdentity } from "../auth/identity.ts";
import { anyProfile, ownProfile, planOwner } from "./rules.ts";

const identity: UserIdentity = { kind: "user", issuer: "https://issuer.test", subject: "user_a" };
const request = { workosUserId: "user_a", email: "alice@example.test" };

describe("what users store about themselves", () => {
  it("is what they say where their token says nothing", () => {
    expect(ownProfile(identity, { ...request, displayName: " Alice " })).toEqual({
      ok: true,
      value: { email: "alice@example.test", emailVerified: false, displayName: "Alice" },
    });
  });

  it("is what their token says, whatever they say", () => {
    const proven = { ...identity, email: "real@example.test", name: "Real" };
    expect(ownProfile(proven, { ...request, displayName: "Fake" })).toEqual({
      ok: true,
      value: { email: "real@example.test", emailVerified: false, displayName: "Real" },
    });
  });

  it("is never another's", () => {
    expect(ownProfile(identity, { ...request, workosUserId: "user_b" })).toMatchObject({
      error: { code: "FORBIDDEN" },
    });
  });

  it.each([
    ["email", { email: "nobody" }],
    ["email", { email: "a b@c.test" }],
    ["email", { email: `${"x".repeat(320)}@c.test` }],
    ["email", { email: "a\0@c.test" }],
    ["displayName", { displayName: "  " }],
    ["displayName", { displayName: "x".repeat(201) }],
    ["displayName", { displayName: "a\0b" }],
  ])("is refused for its %s: %j", (field, change) => {
    expect(ownProfile(identity, { ...request, ...change })).toMatchObject({
      error: { code: "VALIDATION_ERROR", metadata: { field } },
    });
  });
});

describe("what an administrator stores", () => {
  it.each([
    ["workosUserId", { workosUserId: "" }],
    ["orgId", { orgId: "x".repeat(256) }],
    ["orgRole", { orgRole: "a\0" }],
  ])("is refused for a bad %s", (field, change) => {
    expect(anyProfile({ ...request, ...change })).toMatchObject({
      error: { code: "VALIDATION_ERROR", metadata: { field } },
    });
  });
});

describe("whose plan is set", () => {
  it("is a user's or an organisation's", () => {
    expect(planOwner({ userId: "user_1" })).toEqual({ ok: true, value: { userId: "user_1" } });
    expect(planOwner({ orgId: "org_1" })).toEqual({ ok: true, value: { orgId: "org_1" } });
  });

  it.each([{}, { userId: "user_1", orgId: "org_1" }, { orgId: " " }, { userId: "\0" }])(
    "has to be said exactly: %j",
    (request) => {
      expect(planOwner(request)).toMatchObject({ error: { code: "VALIDATION_ERROR" } });
    },
  );
});
