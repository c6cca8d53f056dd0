import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  type MeetingStage,
  meetingStage,
  nobody,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

const current = "profiles/queries:getCurrentUserProfile";
const shown = "profiles/queries:getProfileByUserIdPublic";
const create = "profiles/mutations:createProfile";
const update = "profiles/mutations:updateProfile";
const updateOf = "users/mutations:updateUserProfile";
const settings = "settings/queries:getCurrentUserSettings";
const updateSettings = "settings/mutations:updateSettings";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

const whole = {
  displayName: "Alice",
  bio: "Ten characters and more",
  goals: "Less work",
  languages: ["en", "de"],
  experience: "Twenty years",
  age: 41,
  gender: "female",
  field: "Law",
  jobTitle: "Judge",
  company: "Court",
  linkedinUrl: "https://www.linkedin.com/in/alice",
};

describe("a profile", () => {
  it("is made, shown in full to its owner, and to others without what is personal", async () => {
    const alice = person();
    const userId = await userIdOf(stage, alice);
    expect(await stage.call(alice, current)).toBeNull();
    const id = await stage.call<string>(alice, create, whole);
    expect(id).toMatch(/^profile_/);
    expect(await stage.call(alice, current)).toEqual({
      ...whole,
      _id: id,
      userId,
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
    });
    const { age: _, gender: __, linkedinUrl: ___, ...open } = whole;
    expect(await stage.call(person(), shown, { userId })).toEqual({ ...open, _id: id, userId });
  });

  it("keeps what an update leaves out, and its id", async () => {
    const alice = person();
    const id = await stage.call(alice, create, whole);
    expect(await stage.call(alice, update, { bio: "", age: 42 })).toBe(id);
    expect(await stage.call(alice, create, { displayName: "Al" })).toBe(id);
    const profile = await stage.call<object>(alice, current);
    expect(profile).toMatchObject({ displayName: "Al", age: 42, company: "Court" });
    expect(profile).not.toHaveProperty("bio");
  });

  it("is one, also when made twice at once, and loses nothing of either", async () => {
    const alice = person();
    await userIdOf(stage, alice);
    const ids = await Promise.all([
      stage.call(alice, create, { displayName: "Alice", bio: "One of two" }),
      stage.call(alice, create, { displayName: "Alice", goals: "The other" }),
    ]);
    expect(new Set(ids).size).toBe(1);
    expect(await stage.call(alice, current)).toMatchObject({
      bio: "One of two",
      goals: "The other",
    });
  });

  it("needs a name the first time, and takes no bad one", async () => {
    const alice = person();
    expect(await stage.refusal(alice, update, { bio: "No name" })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "displayName" },
    });
    expect(await stage.refusal(alice, create, { displayName: " " })).toMatchObject({
      code: "VALIDATION_ERROR",
    });
    expect(await stage.call(alice, current)).toBeNull();
  });

  it("is nobody's who is not signed in, and null for nobody's user", async () => {
    expect(await stage.call(nobody, current)).toBeNull();
    expect(await stage.refusal(nobody, create, whole)).toMatchObject({ code: "UNAUTHORIZED" });
    expect(await stage.call(person(), shown, { userId: "user_nobody" })).toBeNull();
    expect(await stage.call(person(), shown, { userId: "' OR 1=1 --" })).toBeNull();
  });

  it("is made by a sign-in, of the name or of the address, and not renamed by the next", async () => {
    const upsert = "users/mutations:upsertUser";
    const alice = person();
    const args = { workosUserId: alice.subject, email: "alice@example.test" };
    await stage.call(alice, upsert, args);
    expect(await stage.call(alice, current)).toMatchObject({ displayName: "alice", languages: [] });
    await stage.call(alice, upsert, { ...args, displayName: "Another" });
    expect(await stage.call(alice, current)).toMatchObject({ displayName: "alice" });
  });
});

describe("updateUserProfile", () => {
  it("is for the user and for administrators of their organisation", async () => {
    const alice = person({ orgId: "org_profiles" });
    const userId = await userIdOf(stage, alice);
    const boss = person({ orgId: "org_profiles", orgRole: "admin" });
    const id = await stage.call(alice, updateOf, { userId, displayName: "Alice" });
    expect(await stage.call(boss, updateOf, { userId, bio: "Our best" })).toBe(id);
    expect(await stage.call(alice, current)).toMatchObject({ bio: "Our best" });
    for (const other of [
      person({ orgId: "org_profiles" }),
      person({ orgId: "org_other", orgRole: "admin" }),
      person({ orgRole: "admin" }),
    ]) {
      const refused = await stage.refusal(other, updateOf, { userId, bio: "Mine" });
      expect(refused).toMatchObject({ code: "FORBIDDEN" });
      // Who does not exist looks the same.
      expect(await stage.refusal(other, updateOf, { userId: "user_nobody" })).toEqual(refused);
    }
  });
});

describe("settings", () => {
  it("are null, then the defaults with what was changed", async () => {
    const alice = person();
    const userId = await userIdOf(stage, alice);
    expect(await stage.call(alice, settings)).toBeNull();
    const id = await stage.call(alice, updateSettings, { smsNotifications: true });
    expect(id).toMatch(/^settings_/);
    expect(await stage.call(alice, updateSettings, { emailNotifications: false })).toBe(id);
    expect(await stage.call(alice, settings)).toEqual({
      _id: id,
      userId,
      emailNotifications: false,
      pushNotifications: true,
      smsNotifications: true,
      profileVisibility: true,
      dataSharing: false,
      activityTracking: true,
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
    });
    expect(await stage.refusal(nobody, settings)).toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("hide a profile from all but its owner and their administrators", async () => {
    const alice = person({ orgId: "org_hidden" });
    const userId = await userIdOf(stage, alice);
    await stage.call(alice, create, whole);
    await stage.call(alice, updateSettings, { profileVisibility: false });
    const colleague = person({ orgId: "org_hidden" });
    const boss = person({ orgId: "org_hidden", orgRole: "admin" });
    expect(await stage.call(colleague, shown, { userId })).toBeNull();
    expect(await stage.call(person(), shown, { userId })).toBeNull();
    expect(await stage.call(alice, shown, { userId })).toMatchObject({ displayName: "Alice" });
    expect(await stage.call(boss, shown, { userId })).toMatchObject({ displayName: "Alice" });
  });
});
