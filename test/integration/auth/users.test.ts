import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Identity } from "../../../src/auth/identity.ts";
import { newId } from "../../../src/core/ids.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  admin,
  type MeetingStage,
  meetingStage,
  nobody,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

const me = "users/queries:getCurrentUser";
const upsert = "users/mutations:upsertUser";
const setPlan = "users/mutations:setPlan";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

describe("getCurrentUser", () => {
  it("shows the caller their own user", async () => {
    const alice = person({ name: "Alice", email: "alice@example.test" });
    expect(await stage.call(alice, me)).toEqual({
      _id: expect.stringMatching(/^user_/),
      _creationTime: expect.any(Number),
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
      lastSeenAt: expect.any(Number),
      workosUserId: alice.subject,
      email: "alice@example.test",
      displayName: "Alice",
      isActive: true,
      onboardingComplete: false,
    });
  });

  it("is null when nobody is signed in, the administrator included", async () => {
    expect(await stage.call(nobody, me)).toBeNull();
    expect(await stage.call(admin, me)).toBeNull();
  });
});

describe("upsertUser by a user", () => {
  it("stores address and name where the token says nothing about them", async () => {
    const alice = person();
    const args = { workosUserId: alice.subject, email: "alice@example.test", displayName: "Alice" };
    const id = await stage.call<string>(alice, upsert, args);
    expect(id).toBe(await userIdOf(stage, alice));
    expect(await stage.call(alice, me)).toMatchObject({
      _id: id,
      email: "alice@example.test",
      displayName: "Alice",
    });
  });

  it("takes nobody's address or name that the token contradicts", async () => {
    const alice = person({ email: "alice@example.test", name: "Alice" });
    const args = { workosUserId: alice.subject, email: "boss@example.test", displayName: "Boss" };
    await stage.call(alice, upsert, args);
    expect(await stage.call(alice, me)).toMatchObject({
      email: "alice@example.test",
      displayName: "Alice",
    });
  });

  it("never sets organisation, role or plan", async () => {
    const orgId = newId("organizations");
    const alice = person({ plan: "free" });
    await stage.call(alice, upsert, {
      workosUserId: alice.subject,
      email: "alice@example.test",
      orgId,
      orgRole: "admin",
    });
    const view = await stage.call(alice, me);
    expect(view).not.toHaveProperty("orgId");
    expect(view).not.toHaveProperty("orgRole");
  });

  it("never erases the organisation either", async () => {
    const orgId = newId("organizations");
    const alice = person({ orgId, orgRole: "member" });
    await stage.call(alice, upsert, { workosUserId: alice.subject, email: "a@example.test" });
    expect(await stage.call(alice, me)).toMatchObject({ orgId, orgRole: "member" });
  });

  it("is refused for another, for nobody, and changes nothing then", async () => {
    const [alice, bob] = [person({ email: "alice@example.test" }), person()];
    await userIdOf(stage, alice);
    const args = { workosUserId: alice.subject, email: "taken@example.test" };
    expect(await stage.refusal(bob, upsert, args)).toMatchObject({ code: "FORBIDDEN" });
    expect(await stage.refusal(nobody, upsert, args)).toMatchObject({ code: "UNAUTHORIZED" });
    expect(await stage.call(alice, me)).toMatchObject({ email: "alice@example.test" });
  });

  it("refuses what is no address", async () => {
    const alice = person();
    const args = { workosUserId: alice.subject, email: "alice" };
    expect(await stage.refusal(alice, upsert, args)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "email" },
    });
  });
});

describe("upsertUser by the administrator", () => {
  it("adds somebody who then signs in as that user", async () => {
    const subject = `user_${randomUUID()}`;
    const args = {
      workosUserId: subject,
      email: "carol@example.test",
      orgId: "org_carol",
      orgRole: "member",
    };
    const id = await stage.call<string>(admin, upsert, args);
    const carol: Identity = { kind: "user", issuer: "https://connvo.local.invalid", subject };
    expect(await stage.call(carol, me)).toMatchObject({ _id: id, orgId: "org_carol" });
    expect(await stage.call(admin, upsert, args)).toBe(id);
  });

  it("adds people of the configured issuer", async () => {
    const workos = meetingStage(test, { WORKOS_CLIENT_ID: "client_1" });
    const subject = `user_${randomUUID()}`;
    await workos.call(admin, upsert, { workosUserId: subject, email: "dora@example.test" });
    expect(await test.sql("SELECT issuer FROM users WHERE subject = $1", [subject])).toEqual([
      { issuer: "https://api.workos.com/user_management/client_1" },
    ]);
  });

  it("changes what is given and leaves the rest", async () => {
    const alice = person({ orgId: newId("organizations"), orgRole: "member", name: "Alice" });
    const id = await userIdOf(stage, alice);
    const args = { workosUserId: alice.subject, email: "new@example.test" };
    expect(await stage.call(admin, upsert, args)).toBe(id);
    expect(await stage.call(alice, me)).toMatchObject({
      email: "new@example.test",
      displayName: "Alice",
      orgRole: "member",
    });
  });

  it("is refused for an id that two issuers use", async () => {
    const subject = `user_${randomUUID()}`;
    for (const issuer of ["https://one.test", "https://two.test"])
      await userIdOf(stage, person({ issuer, subject }));
    const args = { workosUserId: subject, email: "x@example.test" };
    expect(await stage.refusal(admin, upsert, args)).toMatchObject({ code: "CONFLICT" });
  });
});

describe("setPlan", () => {
  const planOf = async (identity: Identity) => {
    const created = await stage.call<{ videoProvider: string }>(
      identity,
      "meetings/lifecycle:createMeeting",
      { title: "x" },
    );
    return created.videoProvider === "getstream" ? "paid" : "free";
  };

  it("decides the tier of a user's meetings", async () => {
    const alice = person({ plan: "free" });
    const userId = await userIdOf(stage, alice);
    expect(await stage.call(admin, setPlan, { userId, plan: "paid" })).toBeNull();
    expect(await planOf(alice)).toBe("paid");
  });

  it("decides the tier of all of an organisation's, whatever its people have themselves", async () => {
    const orgId = newId("organizations");
    const { plan: _, ...alice } = person({ orgId });
    const userId = await userIdOf(stage, alice);
    await stage.call(admin, setPlan, { userId, plan: "paid" });
    expect(await planOf(alice)).toBe("free");
    await stage.call(admin, setPlan, { orgId, plan: "paid" });
    expect(await planOf(alice)).toBe("paid");
  });

  it("is the administrator's alone", async () => {
    const alice = person({ plan: "free", orgRole: "admin", orgId: newId("organizations") });
    const userId = await userIdOf(stage, alice);
    expect(await stage.refusal(alice, setPlan, { userId, plan: "paid" })).toMatchObject({
      code: "FORBIDDEN",
    });
    expect(await stage.refusal(nobody, setPlan, { userId, plan: "paid" })).toMatchObject({
      code: "UNAUTHORIZED",
    });
  });

  it("is refused without exactly one owner, and for a user there is not", async () => {
    expect(await stage.refusal(admin, setPlan, { plan: "paid" })).toMatchObject({
      code: "VALIDATION_ERROR",
    });
    const userId = newId("users");
    expect(await stage.refusal(admin, setPlan, { plan: "paid", userId, orgId: "o" })).toMatchObject(
      { code: "VALIDATION_ERROR" },
    );
    expect(await stage.refusal(admin, setPlan, { plan: "paid", userId })).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("is written down", async () => {
    const userId = await userIdOf(stage, person());
    await stage.call(admin, setPlan, { userId, plan: "free" });
    expect(
      await test.sql("SELECT action, metadata FROM audit_logs WHERE resource_id = $1", [userId]),
    ).toEqual([{ action: "plan.set", metadata: { plan: "free" } }]);
  });
});
