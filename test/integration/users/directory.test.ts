import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  type MeetingStage,
  meetingStage,
  nobody,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

const byId = "users/queries:getUserById";
const card = "users/queries:getUserProfile";
const listed = "users/queries:listActiveUsersInOrg";
const seen = "users/mutations:updateLastSeen";

interface Page {
  page: { _id: string }[];
  isDone: boolean;
  continueCursor: string;
}

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

const pageOf = (viewer: ReturnType<typeof person>, paginationOpts: object) =>
  stage.call<Page>(viewer, listed, { paginationOpts });

describe("getUserById", () => {
  const org = { orgId: "org_directory" };
  const alice = person({ ...org, name: "Alice", email: "alice@example.test" });

  it("shows a user in full to themselves and their administrators", async () => {
    const userId = await userIdOf(stage, alice);
    for (const viewer of [alice, person({ ...org, orgRole: "admin" })]) {
      expect(await stage.call(viewer, byId, { userId })).toMatchObject({
        _id: userId,
        email: "alice@example.test",
        workosUserId: alice.subject,
        lastSeenAt: expect.any(Number),
      });
    }
  });

  it("withholds address, subject and habits from colleagues", async () => {
    const userId = await userIdOf(stage, alice);
    expect(await stage.call(person(org), byId, { userId })).toEqual({
      _id: userId,
      _creationTime: expect.any(Number),
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
      displayName: "Alice",
      email: "",
      workosUserId: "",
      isActive: true,
      orgId: "org_directory",
    });
  });

  it("does not tell anybody else's users from those that do not exist", async () => {
    const userId = await userIdOf(stage, alice);
    const strangers = [person(), person({ orgId: "org_b", orgRole: "admin" })];
    for (const viewer of [...strangers, person({ orgRole: "admin" })]) {
      expect(await stage.call(viewer, byId, { userId })).toBeNull();
      expect(await stage.call(viewer, byId, { userId: "user_nobody" })).toBeNull();
    }
    expect(await stage.refusal(nobody, byId, { userId })).toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("has two users without an organisation be strangers", async () => {
    const userId = await userIdOf(stage, person());
    expect(await stage.call(person(), byId, { userId })).toBeNull();
  });
});

describe("getUserProfile", () => {
  it("tells the organisation to those who are in it", async () => {
    const alice = person({ orgId: "org_cards", orgRole: "admin", name: "Alice" });
    const userId = await userIdOf(stage, alice);
    const open = { _id: userId, displayName: "Alice", isActive: true };
    expect(await stage.call(person(), card, { userId })).toEqual(open);
    const boss = person({ orgId: "org_b", orgRole: "admin" });
    expect(await stage.call(boss, card, { userId })).toEqual(open);
    const whole = { ...open, orgId: "org_cards", orgRole: "admin" };
    expect(await stage.call(person({ orgId: "org_cards" }), card, { userId })).toEqual(whole);
    expect(await stage.call(person(), card, { userId: "user_nobody" })).toBeNull();
  });
});

describe("listActiveUsersInOrg", () => {
  it("pages through the organisation, newest first, and nobody else", async () => {
    const viewer = person({ orgId: "org_pages" });
    const ids = [await userIdOf(stage, viewer)];
    for (let count = 0; count < 6; count++)
      ids.unshift(await userIdOf(stage, person({ orgId: "org_pages" })));
    await userIdOf(stage, person({ orgId: "org_else" }));
    await test.sql("UPDATE users SET is_active = false WHERE id = $1", [ids[3]]);
    const active = ids.filter((_, index) => index !== 3);
    const found: string[] = [];
    let cursor: string | null = null;
    const sizes: number[] = [];
    for (let done = false; !done; ) {
      const answer: Page = await pageOf(viewer, { cursor, numItems: 2, id: 1 });
      found.push(...answer.page.map(({ _id }) => _id));
      sizes.push(answer.page.length);
      ({ isDone: done, continueCursor: cursor } = answer);
    }
    expect(found).toEqual(active);
    expect(sizes).toEqual([2, 2, 2]);
    const behind = await pageOf(viewer, { cursor, numItems: 2 });
    expect(behind).toEqual({ page: [], isDone: true, continueCursor: cursor });
  });

  it("keeps the ends of its pages when somebody comes, goes, or is the end itself", async () => {
    const org = { orgId: "org_stable" };
    const viewer = person(org);
    const ids = [await userIdOf(stage, viewer)];
    for (let count = 0; count < 3; count++) ids.unshift(await userIdOf(stage, person(org)));
    const first = await pageOf(viewer, { cursor: null, numItems: 2 });
    const second = await pageOf(viewer, { cursor: first.continueCursor, numItems: 2 });
    expect(second.isDone).toBe(true);
    const newcomer = await userIdOf(stage, person(org));
    await test.sql("UPDATE users SET is_active = false WHERE id = $1", [ids[1]]);
    const again = await pageOf(viewer, {
      ...{ cursor: null, numItems: 2, endCursor: first.continueCursor },
    });
    const rest = await pageOf(viewer, {
      ...{ cursor: first.continueCursor, numItems: 2, endCursor: second.continueCursor },
    });
    const both = [...again.page, ...rest.page].map(({ _id }) => _id);
    expect(both).toEqual([newcomer, ids[0], ids[2], ids[3]]);
    expect(again.continueCursor).toBe(first.continueCursor);
    expect(rest.isDone).toBe(true);
  });

  it("is empty for whoever is in no organisation", async () => {
    const answer = await pageOf(person(), { cursor: null, numItems: 5 });
    expect(answer).toMatchObject({ page: [], isDone: true, continueCursor: expect.any(String) });
  });

  it.each([0, -1, 1.5, 201, 1e300])("refuses pages of %d", async (numItems) => {
    const args = { paginationOpts: { cursor: null, numItems } };
    expect(await stage.refusal(person(), listed, args)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "paginationOpts.numItems", limit: 200 },
    });
  });

  it("takes cursors of its own organisation only", async () => {
    const cursor = (await pageOf(person({ orgId: "org_one" }), { cursor: null, numItems: 1 }))
      .continueCursor;
    for (const wrong of [cursor, "invented", ""]) {
      const args = { paginationOpts: { cursor: wrong, numItems: 1 } };
      expect(await stage.refusal(person({ orgId: "org_two" }), listed, args)).toMatchObject({
        code: "VALIDATION_ERROR",
        message: expect.stringContaining("InvalidCursor"),
      });
    }
  });
});

describe("updateLastSeen", () => {
  it("notes that the caller is there now", async () => {
    const alice = person();
    const lastSeen = async () =>
      (await stage.call<{ lastSeenAt: number }>(alice, "users/queries:getCurrentUser")).lastSeenAt;
    const before = await lastSeen();
    await test.advanceTime(30_000);
    expect(await stage.call(alice, seen)).toBeNull();
    expect(await lastSeen()).toBeGreaterThanOrEqual(before + 30_000);
    expect(await stage.refusal(nobody, seen)).toMatchObject({ code: "UNAUTHORIZED" });
  });
});
