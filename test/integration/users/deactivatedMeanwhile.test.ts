import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Identity } from "../../../src/auth/identity.ts";
import { answers, type Caller } from "../../../src/cli/generate/permissions.ts";
import type { Database } from "../../../src/db/port.ts";
import { settleHosts } from "../../../src/meetings/lifecycle/settleHosts.ts";
import { patience } from "../../support/patience.ts";
import { examples } from "../functions/examples.ts";
import { newPeople, newWorld } from "../functions/world.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  admin,
  type MeetingStage,
  meetingStage,
  person,
  registry,
  userIdOf,
} from "../support/meetingCalls.ts";

const deactivate = "users/mutations:deactivateUser";
const create = "meetings/lifecycle:createMeeting";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

/** A stage with transactions of its own. */
function withTransaction(transaction: Database["transaction"]): MeetingStage {
  const { db } = test;
  return meetingStage({
    db: {
      transaction,
      read: (work) => db.read(work),
      listen: (onCommit) => db.listen(onCommit),
      ping: () => db.ping(),
      close: () => db.close(),
    },
  });
}

/** A stage whose transactions have done their work and do not commit before they are told to. */
function heldStage() {
  let commit: () => void = () => undefined;
  let arrive: () => void = () => undefined;
  const mayCommit = new Promise<void>((resolve) => {
    commit = resolve;
  });
  const hasWorked = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const held = withTransaction((work) =>
    test.db.transaction(async (tx) => {
      const result = await work(tx);
      arrive();
      await mayCommit;
      return result;
    }),
  );
  return { held, hasWorked, commit };
}

/** Resolves once a transaction waits for another one's lock, or `call` has ended without. */
async function waitsOrEnds(call: Promise<unknown>): Promise<void> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  call.then(end, end);
  await vi.waitFor(async () => {
    const waiting = await test.sql(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    expect(ended || waiting.length > 0).toBe(true);
  }, patience);
}

const meetingsOf = (userId: string) =>
  test.sql<{ state: string }>("SELECT state FROM meetings WHERE organizer_id = $1", [userId]);

describe("a meeting that is created while its organiser is being deactivated", () => {
  const organiser = person();
  it.each<[string, Identity, (userId: string) => object]>([
    ["by themselves", organiser, () => ({ title: "Mine" })],
    ["by an administrator", admin, (userId) => ({ title: "Theirs", organizerId: userId })],
  ])("%s, is cancelled when it came first", async (_, caller, argsFor) => {
    const who = caller === organiser ? organiser : person();
    const userId = await userIdOf(stage, who);
    const { held, hasWorked, commit } = heldStage();
    const created = held.outcome(caller, create, argsFor(userId));
    await hasWorked;
    const deactivated = stage.outcome(admin, deactivate, { userId });
    await waitsOrEnds(deactivated);
    commit();
    expect(await created).toMatchObject({ value: { meetingId: expect.any(String) } });
    expect(await deactivated).toEqual({ value: null });
    await settleHosts(stage.services);
    expect(await meetingsOf(userId)).toEqual([{ state: "cancelled" }]);
  });

  it("by an administrator, is not there when it came second", async () => {
    const userId = await userIdOf(stage, person());
    const { held, hasWorked, commit } = heldStage();
    const deactivated = held.outcome(admin, deactivate, { userId });
    await hasWorked;
    const created = stage.outcome(admin, create, { title: "Theirs", organizerId: userId });
    await waitsOrEnds(created);
    commit();
    expect(await deactivated).toEqual({ value: null });
    expect(await created).toMatchObject({ refusal: { code: "NOT_FOUND" } });
    expect(await meetingsOf(userId)).toEqual([]);
  });
});

const functions = [...registry.values()].map(({ name, definition }) => {
  const callers: Caller[] = ["host", "participant", "orgAdmin"];
  const caller = callers.find((each) => answers[definition.permission.requires][each] === "yes");
  return { name, kind: definition.kind, caller };
});
/** For the administration key alone, which nobody deactivates. */
const byPeople = functions.filter(({ caller }) => caller !== undefined);

/** Everything for a call of the function by somebody who may. */
async function callOf(name: string, caller: Caller) {
  const example = examples[name];
  if (example === undefined) throw new Error(`${name} has no example`);
  const people = await newPeople(stage);
  const world = await newWorld(
    { stage, test, people, caller },
    { start: example.scheduled !== true },
  );
  const userId = (people.ids as Partial<Record<Caller, string>>)[caller] ?? "";
  return { identity: people.identities[caller], userId, args: await example.args(world) };
}

describe("whoever is being deactivated", () => {
  it.each(byPeople.filter(({ kind }) => kind === "mutation"))(
    "changes nothing any more by $name",
    async ({ name, caller = "host" }) => {
      const { identity, userId, args } = await callOf(name, caller);
      const { held, hasWorked, commit } = heldStage();
      const deactivated = held.outcome(admin, deactivate, { userId });
      await hasWorked;
      const called = stage.outcome(identity, name, args);
      await waitsOrEnds(called);
      commit();
      expect(await deactivated).toEqual({ value: null });
      expect(await called).toMatchObject({ refusal: { code: "FORBIDDEN" } });
    },
  );

  it.each(byPeople.filter(({ kind }) => kind === "action"))(
    "changes nothing by $name that had been let in before",
    async ({ name, caller = "host" }) => {
      const { identity, userId, args } = await callOf(name, caller);
      let writes = 0;
      const late = withTransaction(async (work) => {
        writes += 1;
        if (writes === 1) await stage.call(admin, deactivate, { userId });
        return test.db.transaction(work);
      });
      const called = await late.outcome(identity, name, args);
      if (writes > 0) expect(called).toMatchObject({ refusal: { code: "FORBIDDEN" } });
      else expect(called).not.toMatchObject({ refusal: { code: "FORBIDDEN" } });
    },
  );
});
