import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  type MeetingStage,
  meetingStage,
  nobody,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

const save = "users/mutations:saveOnboarding";
const state = "users/queries:getOnboardingState";
const profile = "profiles/queries:getCurrentUserProfile";
const catalog = "interests/queries:listCatalog";
const updateInterests = "users/mutations:updateUserInterests";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

const listed = (id: string) => ({ id, name: id, category: "skill" });
const own = (name: string) => ({ id: name, name, category: "personal" });
const told = {
  age: 30,
  bio: "I like long walks",
  company: "Acme",
  field: "Law",
  gender: "non-binary",
  interests: [listed("public-speaking"), own("Board games")],
  jobTitle: "Judge",
};

interface Listed {
  key: string;
  usageCount: number;
}

async function usageOf(key: string): Promise<number | undefined> {
  const list = await stage.call<Listed[]>(person(), catalog);
  return list.find((interest) => interest.key === key)?.usageCount;
}

const keysOf = async (userId: string) =>
  (
    await test.sql<{ interest_key: string }>(
      "SELECT interest_key FROM user_interests WHERE user_id = $1 ORDER BY 1",
      [userId],
    )
  ).map((row) => row.interest_key);

const auditsOf = async (userId: string) =>
  (
    await test.sql(
      "SELECT 1 FROM audit_logs WHERE resource_id = $1 AND action = 'onboarding.save'",
      [userId],
    )
  ).length;

describe("saveOnboarding", () => {
  it("stores profile and interests and completes the onboarding", async () => {
    const alice = person({ name: "Alice" });
    const userId = await userIdOf(stage, alice);
    expect(await stage.call(alice, state)).toEqual({
      userId,
      onboardingComplete: false,
      profileExists: false,
    });
    const used = (await usageOf("public-speaking")) ?? 0;
    const saved = await stage.call<{ profileId: string }>(alice, save, told);
    expect(saved).toEqual({
      userId,
      profileId: expect.stringMatching(/^profile_/),
      interestsCount: 2,
      onboardingCompleted: true,
    });
    expect(await stage.call(alice, state)).toEqual({
      userId,
      onboardingComplete: true,
      profileExists: true,
      profileId: saved.profileId,
      completedAt: expect.any(Number),
    });
    expect(await stage.call(alice, profile)).toMatchObject({ displayName: "Alice", age: 30 });
    expect(await keysOf(userId)).toEqual(["custom:board-games", "public-speaking"]);
    expect(await stage.call(alice, "interests/queries:getCurrentUserInterests")).toEqual([
      { key: "custom:board-games", label: "Board games", category: "personal" },
      { key: "public-speaking", label: "Public speaking", category: "skill", iconName: "mic" },
    ]);
    expect(await stage.call(person(), "interests/queries:getCurrentUserInterests")).toEqual([]);
    expect(await usageOf("public-speaking")).toBe(used + 1);
    expect(await usageOf("custom:board-games")).toBeUndefined();
  });

  it("replaces what was saved, counts nobody twice, and keeps when it was first completed", async () => {
    const alice = person();
    const userId = await userIdOf(stage, alice);
    const before = (await usageOf("sustainability")) ?? 0;
    await stage.call(alice, save, { ...told, interests: [listed("sustainability")] });
    const first = await stage.call<{ completedAt: number }>(alice, state);
    await stage.call(alice, save, { ...told, interests: [listed("sustainability")] });
    expect(await usageOf("sustainability")).toBe(before + 1);
    await stage.call(alice, save, { ...told, interests: [] });
    expect(await usageOf("sustainability")).toBe(before);
    expect(await keysOf(userId)).toEqual([]);
    expect(await stage.call(alice, state)).toMatchObject({ completedAt: first.completedAt });
  });

  it("counts everybody when many choose the same at once", async () => {
    const before = (await usageOf("entrepreneurship")) ?? 0;
    const keys = ["entrepreneurship", "public-speaking", "sustainability"];
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => {
        const interests = (index % 2 === 0 ? keys : keys.toReversed()).map(listed);
        return stage.call(person(), save, { ...told, interests });
      }),
    );
    expect(await usageOf("entrepreneurship")).toBe(before + 8);
  });

  it.each([
    ["age", { age: 12 }],
    ["bio", { bio: "too short" }],
    ["bio", { bio: "x".repeat(1001) }],
    ["bio", { bio: `${" ".repeat(20)}short` }],
    ["interests", { interests: [{ id: "nothing", name: "Nothing", category: "academic" }] }],
    ["interests", { interests: ["aa", "bb", "cc", "dd", "ee", "ff"].map(own) }],
    ["linkedinUrl", { linkedinUrl: "javascript:alert(1)" }],
    ["idempotencyKey", { idempotencyKey: "" }],
    ["idempotencyKey", { idempotencyKey: "x".repeat(256) }],
  ])("refuses a bad %s and stores nothing: %j", async (field, change) => {
    const alice = person();
    const args = { ...told, idempotencyKey: "once", ...change };
    expect(await stage.refusal(alice, save, args)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field },
    });
    expect(await stage.call(alice, state)).toMatchObject({
      onboardingComplete: false,
      profileExists: false,
    });
    // A call that failed has used its key up for nothing.
    await stage.call(alice, save, { ...told, idempotencyKey: "once" });
  });

  it("is for somebody who is signed in", async () => {
    expect(await stage.refusal(nobody, save, told)).toMatchObject({ code: "UNAUTHORIZED" });
  });
});

describe("a repeat of saveOnboarding under a key", () => {
  const keyed = { ...told, idempotencyKey: "first try" };

  it("is answered alike and changes nothing", async () => {
    const alice = person();
    const userId = await userIdOf(stage, alice);
    const first = await stage.call(alice, save, keyed);
    await stage.call(alice, "profiles/mutations:updateProfile", { company: "Another" });
    const reordered = Object.fromEntries(Object.entries(keyed).toReversed());
    expect(await stage.call(alice, save, reordered)).toEqual(first);
    expect(await stage.call(alice, profile)).toMatchObject({ company: "Another" });
    expect(await auditsOf(userId)).toBe(1);
  });

  it("with other arguments is refused, however much they have in common", async () => {
    const alice = person();
    const long = { ...keyed, bio: "x".repeat(900) };
    await stage.call(alice, save, long);
    expect(await stage.refusal(alice, save, { ...long, bio: `${long.bio}y` })).toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "idempotency_key_reused" },
    });
  });

  it("at the same time is one", async () => {
    const alice = person();
    const userId = await userIdOf(stage, alice);
    const answers = await Promise.all([1, 2, 3].map(() => stage.call(alice, save, keyed)));
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(await auditsOf(userId)).toBe(1);
  });

  it("of somebody else is not one", async () => {
    const userId = await userIdOf(stage, person());
    expect(await stage.call(person(), save, keyed)).not.toMatchObject({ userId });
  });

  it("keeps neither the key nor what was told, and no key longer than a day", async () => {
    const alice = person();
    const userId = await userIdOf(stage, alice);
    await stage.call(alice, save, { ...keyed, bio: "Something private" });
    const rows = () => test.sql("SELECT * FROM idempotency_keys WHERE user_id = $1", [userId]);
    expect(JSON.stringify(await rows())).not.toMatch(/first try|private/);
    await test.advanceTime(25 * 3_600_000);
    await stage.call(alice, save, keyed);
    expect(await rows()).toHaveLength(1);
  });
});

describe("updateUserInterests", () => {
  it("replaces them by keys of the catalogue and the user's own", async () => {
    const alice = person();
    const userId = await userIdOf(stage, alice);
    await stage.call(alice, save, told);
    const interests = ["sustainability", "custom:board-games", "sustainability"];
    expect(await stage.call(alice, updateInterests, { userId, interests })).toBeNull();
    expect(await keysOf(userId)).toEqual(["custom:board-games", "sustainability"]);
  });

  it("refuses keys that are in no catalogue, another's too, and changes nothing", async () => {
    await stage.call(person(), save, { ...told, interests: [own("Chess")] });
    const alice = person();
    const userId = await userIdOf(stage, alice);
    await stage.call(alice, save, told);
    const before = await keysOf(userId);
    for (const interest of ["custom:chess", "nothing"]) {
      const args = { userId, interests: ["sustainability", interest] };
      expect(await stage.refusal(alice, updateInterests, args)).toMatchObject({
        code: "VALIDATION_ERROR",
        metadata: { field: "interests", interest },
      });
    }
    const many = Array.from({ length: 5_000 }, (_, index) => `key${index}`);
    expect(await stage.refusal(alice, updateInterests, { userId, interests: many })).toMatchObject({
      metadata: { limit: 50 },
    });
    expect(await keysOf(userId)).toEqual(before);
  });
});

describe("listCatalog", () => {
  it("lists what everybody can choose, of one category if asked, as many as asked", async () => {
    const all = await stage.call<(Listed & { category: string })[]>(person(), catalog);
    expect(all.length).toBeGreaterThanOrEqual(6);
    expect(all.every(({ key }) => !key.startsWith("custom:"))).toBe(true);
    const skills = await stage.call<Listed[]>(person(), catalog, { category: "skill" });
    expect(skills).toEqual(all.filter(({ category }) => category === "skill"));
    expect(await stage.call(person(), catalog, { limit: 2 })).toEqual(all.slice(0, 2));
    expect(await stage.call(person(), catalog, { category: "nothing" })).toEqual([]);
    expect(await stage.refusal(person(), catalog, { limit: 201 })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "limit", limit: 200 },
    });
  });
});
