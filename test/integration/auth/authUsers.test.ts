import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan, UserIdentity } from "../../../src/auth/identity.ts";
import { effectivePlan, setPlan } from "../../../src/auth/plans.ts";
import { findCurrentUser, findUser, findUserById, provisionUser } from "../../../src/auth/users.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

let people = 0;

/** Somebody nobody has seen yet. */
function somebody(changes: Partial<UserIdentity> = {}): UserIdentity {
  people += 1;
  return { kind: "user", issuer: "https://issuer.test", subject: `subject-${people}`, ...changes };
}

const provision = (identity: UserIdentity) => provisionUser(database.db, identity);
const current = (identity: UserIdentity) => database.db.read((tx) => findCurrentUser(tx, identity));
const planOf = (user: { id: string }, byDefault: Plan = "free") =>
  database.db.read((tx) => effectivePlan(tx, user, byDefault));
const give = (owner: { userId: string } | { orgId: string }, plan: Plan) =>
  database.db.transaction((tx) => setPlan(tx, owner, plan));

async function seen(id: string): Promise<number> {
  const rows = await database.sql<{ last_seen_at: Date }>(
    "SELECT last_seen_at FROM users WHERE id = $1",
    [id],
  );
  return rows[0]?.last_seen_at.getTime() ?? 0;
}

describe("the first request of a token's user", () => {
  it("makes the user from the claims", async () => {
    const identity = somebody({
      email: "ann@example.com",
      name: "Ann",
      pictureUrl: "https://pictures.test/ann.png",
      orgId: "org_first",
      orgRole: "member",
    });
    const user = await provision(identity);
    expect(user).toEqual({
      id: expect.stringMatching(/^user_/),
      issuer: identity.issuer,
      subject: identity.subject,
      email: "ann@example.com",
      displayName: "Ann",
      avatarUrl: "https://pictures.test/ann.png",
      orgId: "org_first",
      orgRole: "member",
      isActive: true,
    });
    expect(await current(identity)).toEqual(user);
    expect(await database.db.read((tx) => findUserById(tx, user.id))).toEqual(user);
  });

  it("makes one user, however many requests are first", async () => {
    const identity = somebody({ orgId: "org_race", plan: "paid" });
    const users = await Promise.all(Array.from({ length: 24 }, () => provision(identity)));
    expect(new Set(users.map(({ id }) => id)).size).toBe(1);
    const [row] = await database.sql<{ users: string; orgs: string }>(
      `SELECT (SELECT count(*) FROM users WHERE issuer = $1 AND subject = $2) AS users,
              (SELECT count(*) FROM organizations WHERE id = 'org_race') AS orgs`,
      [identity.issuer, identity.subject],
    );
    expect(row).toEqual({ users: "1", orgs: "1" });
  });

  it("keeps the same subject of two issuers apart", async () => {
    const identity = somebody();
    const other = { ...identity, issuer: "https://other.test" };
    const [one, two] = [await provision(identity), await provision(other)];
    expect(one.id).not.toBe(two.id);
  });

  it("makes an address nobody owns when the token has none", async () => {
    const identity = somebody();
    const user = await provision(identity);
    expect(user.email).toMatch(/^[0-9a-f]{24}@unknown\.invalid$/);
    expect(await provision({ ...identity, email: "now@known.test" })).toMatchObject({
      id: user.id,
      email: "now@known.test",
    });
  });

  it("has not happened for somebody unknown", async () => {
    const identity = somebody();
    expect(await current(identity)).toBeUndefined();
    expect(await database.db.read((tx) => findUser(tx, identity))).toBeUndefined();
  });
});

describe("later requests", () => {
  it("take over what the claims now say and keep what they leave out", async () => {
    const identity = somebody({ email: "old@example.com", name: "Old", orgId: "org_kept" });
    const before = await provision(identity);
    const { email: _email, orgId: _org, ...rest } = identity;
    const changed = { ...rest, name: "New" };
    expect(await current(changed)).toBeUndefined();
    expect(await provision(changed)).toEqual({ ...before, displayName: "New" });
    expect(await current(changed)).toEqual({ ...before, displayName: "New" });
  });

  it("end a membership where the issuer always states it", async () => {
    const identity = somebody({ orgId: "org_left", orgRole: "admin", statesOrg: true });
    await provision(identity);
    const { orgId: _org, orgRole: _role, ...left } = identity;
    const user = await provision(left);
    expect(user).not.toHaveProperty("orgId");
    expect(user).not.toHaveProperty("orgRole");
  });

  it("do not carry a role from one organisation into the next", async () => {
    const identity = somebody({ orgId: "org_a", orgRole: "admin", statesOrg: true });
    await provision(identity);
    const { orgRole: _role, ...moved } = { ...identity, orgId: "org_b" };
    const user = await provision(moved);
    expect(user.orgId).toBe("org_b");
    expect(user).not.toHaveProperty("orgRole");
  });

  it("note that the user was seen, once a minute at most", async () => {
    const identity = somebody();
    const { id } = await provision(identity);
    const first = await seen(id);
    await database.advanceTime(50_000);
    expect(await current(identity)).toBeDefined();
    await provision(identity);
    expect(await seen(id)).toBe(first);
    await database.advanceTime(15_000);
    expect(await current(identity)).toBeUndefined();
    await Promise.all(Array.from({ length: 8 }, () => provision(identity)));
    const second = await seen(id);
    expect(second - first).toBeGreaterThanOrEqual(60_000);
    await provision(identity);
    expect(await seen(id)).toBe(second);
  });

  it("leave a deactivated user's row as it is", async () => {
    const identity = somebody({ name: "Before", orgId: "org_gone" });
    const { id } = await provision(identity);
    await database.sql("UPDATE users SET is_active = false WHERE id = $1", [id]);
    await database.advanceTime(120_000);
    const before = await seen(id);
    const user = await provision({ ...identity, name: "After" });
    expect(user).toMatchObject({ isActive: false, displayName: "Before" });
    expect(await seen(id)).toBe(before);
  });
});

describe("the plan", () => {
  it("is the default where nobody has said one, whenever that changes", async () => {
    const alone = await provision(somebody());
    const member = await provision(somebody({ orgId: "org_silent" }));
    for (const plan of ["free", "paid"] as const) {
      expect(await planOf(alone, plan)).toBe(plan);
      expect(await planOf(member, plan)).toBe(plan);
    }
    await give({ userId: alone.id }, "free");
    await give({ orgId: "org_silent" }, "free");
    expect([await planOf(alone, "paid"), await planOf(member, "paid")]).toEqual(["free", "free"]);
  });

  it("follows what the latest token claims of its person, who is free without only if nobody pays", async () => {
    const identity = somebody({ orgId: "org_claims", claimedPlan: "paid" });
    const user = await provision(identity);
    const colleague = await provision(somebody({ orgId: "org_claims" }));
    expect([await planOf(user), await planOf(colleague)]).toEqual(["paid", "free"]);
    expect(await current(identity)).toEqual(user);
    await provision({ ...identity, claimedPlan: "free" });
    expect(await planOf(user, "paid")).toBe("free");
    await give({ orgId: "org_claims" }, "paid");
    expect(await planOf(user)).toBe("paid");
    await give({ orgId: "org_claims" }, "free");
    const { claimedPlan: _gone, ...silent } = identity;
    await provision(silent);
    expect(await planOf(user)).toBe("free");
  });

  it("is free until something says otherwise, also for an organisation's admin", async () => {
    const user = await provision(somebody());
    const admin = await provision(somebody({ orgId: "org_free", orgRole: "admin" }));
    expect([await planOf(user), await planOf(admin)]).toEqual(["free", "free"]);
  });

  it("is taken from a user's claim once; after that it is the administrator's", async () => {
    const identity = somebody({ plan: "paid" });
    const user = await provision(identity);
    expect(await planOf(user)).toBe("paid");
    await give({ userId: user.id }, "free");
    await provision({ ...identity, name: "Renamed" });
    expect(await planOf(user)).toBe("free");
  });

  it("follows an organisation's entitlement both ways, for all its members", async () => {
    const buyer = somebody({ orgId: "org_buys", plan: "paid", statesOrg: true });
    const colleague = await provision(somebody({ orgId: "org_buys", statesOrg: true }));
    expect(await planOf(colleague)).toBe("free");
    await provision(buyer);
    expect(await planOf(colleague)).toBe("paid");
    const { plan: _plan, ...silent } = buyer;
    await provision({ ...silent, name: "Says nothing" });
    expect(await planOf(colleague)).toBe("paid");
    await provision({ ...buyer, plan: "free" });
    expect(await planOf(colleague)).toBe("free");
  });

  it("of an organisation's member is the organisation's, and the user's own again after leaving", async () => {
    const identity = somebody({ orgId: "org_member", statesOrg: true });
    const user = await provision(identity);
    await give({ userId: user.id }, "paid");
    expect(await planOf(user)).toBe("free");
    await give({ orgId: "org_member" }, "paid");
    await give({ userId: user.id }, "free");
    expect(await planOf(user)).toBe("paid");
    const { orgId: _org, ...left } = identity;
    await provision(left);
    expect(await planOf(user)).toBe("free");
  });

  it("can be given to an organisation before anybody of it was seen", async () => {
    await give({ orgId: "org_early" }, "paid");
    expect(await planOf(await provision(somebody({ orgId: "org_early" })))).toBe("paid");
  });

  it("cannot be given to nobody", async () => {
    await expect(give({ userId: "user_nobody" }, "paid")).rejects.toMatchObject({
      code: "NOT_FOUND",
      metadata: { id: "user_nobody" },
    });
  });

  it("tells live queries whom it changed for", async () => {
    const user = await provision(somebody({ orgId: "org_live" }));
    await give({ userId: user.id }, "paid");
    await give({ orgId: "org_live" }, "paid");
    const rows = await database.sql<{ keys: string[] }>(
      "SELECT keys FROM commit_log ORDER BY at DESC, id DESC LIMIT 2",
    );
    expect(rows.flatMap(({ keys }) => keys).sort()).toEqual(["org:org_live", `user:${user.id}`]);
  });
});
