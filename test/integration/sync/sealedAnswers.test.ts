import { createHash, randomUUID } from "node:crypto";
import { copyFile, readdir } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { silentLog } from "../../../src/core/log.ts";
import { migrate } from "../../../src/db/migrate.ts";
import { migrationsFolder } from "../../../src/db/migrationsFolder.ts";
import { sealOldAnswers } from "../../../src/jobs/sealOldAnswers.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { patience } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { meetingOf, meetingStage, person, userIdOf } from "../support/meetingCalls.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());

const invite = "meetings/invites:createInvite";

/** A mutation of a live client, at a node of its own. */
function send(who: UserIdentity, name: string, args: object, sessionId: string, requestId = 1) {
  return meetingStage(test).invoker.invoke({
    ...{ name, kind: "mutation", args: structuredClone(args), argsBytes: 0, format: "json" },
    ...{ identity: who, requestId: "r", once: { sessionId, requestId } },
    signal: () => new AbortController().signal,
  });
}

/** Somebody with a meeting, and a session of theirs. */
async function hosting() {
  const host = person();
  const stage = meetingStage(test);
  await userIdOf(stage, host);
  return { host, args: { meetingId: await meetingOf(stage, host) }, sessionId: randomUUID() };
}

const callerOf = ({ issuer, subject }: UserIdentity) =>
  createHash("sha256")
    .update(JSON.stringify([issuer, subject]))
    .digest("base64url");

/** As the version before answers were sealed stores one, and does not where there is one. */
const storeOpenly =
  "INSERT INTO client_mutations (session_id, request_id, caller, result) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING ts";

const waiting =
  "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/** Everything that the table holds, also of what is binary. */
async function stored(): Promise<string> {
  const rows = await test.sql<{ text: string; sealed: Buffer | null }>(
    "SELECT m::text AS text, sealed FROM client_mutations m",
  );
  return rows.map(({ text, sealed }) => `${text} ${sealed?.toString("latin1")}`).join("\n");
}

describe("what a live client's mutation gave", () => {
  it("can be read by nobody who reads the database, and is given again at any node", async () => {
    const { host, args, sessionId } = await hosting();
    const first = await send(host, invite, args, sessionId);
    if (!first.ok) throw new Error(JSON.stringify(first.failure));
    const { secret } = JSON.parse(first.json) as { secret: string };
    const table = await stored();
    for (const hidden of [secret, sessionId, "expiresAt"]) expect(table).not.toContain(hidden);
    expect(await send(host, invite, args, sessionId)).toEqual(first);
    const invites = await test.sql("SELECT 1 FROM meeting_invites WHERE meeting_id = $1", [
      args.meetingId,
    ]);
    expect(invites).toHaveLength(1);
  });

  it("is not given to who signed in after it, nor to who knows what is stored of the session", async () => {
    const { host, args, sessionId } = await hosting();
    await send(host, invite, args, sessionId);
    expect(await send(person(), invite, args, sessionId)).toMatchObject({
      failure: { data: { code: "CONFLICT" } },
    });
    const [row] = await test.sql<{ session_id: string }>(
      "SELECT session_id FROM client_mutations WHERE caller = $1",
      [callerOf(host)],
    );
    const others = await send(host, invite, args, row?.session_id ?? "");
    expect(others).toMatchObject({ ok: true });
    expect(others).not.toEqual(await send(host, invite, args, sessionId));
  });
});

describe("an answer that an earlier version has stored", () => {
  const answer = '{"secret":"open to all"}';

  it("is given again, before it is sealed and after", async () => {
    const { host, args, sessionId } = await hosting();
    const [row] = await test.sql<{ ts: string }>(storeOpenly, [
      ...[sessionId, 1, callerOf(host), answer],
    ]);
    const given = { ok: true, json: answer, ts: BigInt(row?.ts ?? 0) };
    expect(await send(host, invite, args, sessionId)).toEqual(given);
    expect(await sealOldAnswers(test.db, 1000)).toBe(1);
    const table = await stored();
    for (const hidden of ["open to all", sessionId]) expect(table).not.toContain(hidden);
    expect(await send(host, invite, args, sessionId)).toEqual(given);
  });

  it("is sealed among many, as many at once as there is time for", async () => {
    await test.sql(
      `INSERT INTO client_mutations (session_id, request_id, caller, result)
       SELECT 'session ' || n, n, 'somebody', $1 FROM generate_series(1, 250) n`,
      [answer],
    );
    expect(await sealOldAnswers(test.db, 120)).toBe(120);
    expect(await sealOldAnswers(test.db, 1000)).toBe(130);
    expect(await sealOldAnswers(test.db, 1000)).toBe(0);
    expect(await stored()).not.toContain("open to all");
  });

  it("by a node that is about to be replaced, keeps the others from doing it again", async () => {
    const { host, args, sessionId } = await hosting();
    const old = new pg.Client(test.connection);
    await old.connect();
    await old.query("BEGIN");
    await old.query(storeOpenly, [sessionId, 1, callerOf(host), answer]);
    const sent = send(host, invite, args, sessionId);
    await vi.waitFor(async () => expect(await test.sql(waiting)).toHaveLength(1), patience);
    await old.query("COMMIT");
    expect(await sent).toMatchObject({ ok: true, json: answer });
    // And the other way round: what is sealed is found by what the earlier version would insert.
    expect(await send(host, invite, args, sessionId, 2)).toMatchObject({ ok: true });
    const again = await old.query(storeOpenly, [sessionId, 2, callerOf(host), answer]);
    expect(again.rows).toEqual([]);
    await old.end();
  });

  it("before the database was brought up to date, is given again", async () => {
    const before = await testDatabase();
    await before.sql("DROP SCHEMA public CASCADE");
    await before.sql("CREATE SCHEMA public");
    const folder = await scratchFolder("connvo-migrations-");
    const migrations = migrationsFolder();
    const all = (await readdir(migrations)).filter((name) => name.endsWith(".sql")).sort();
    const at = all.findIndex((name) => name.endsWith("seal-answers.sql"));
    const apply = async (names: readonly string[]) => {
      for (const name of names)
        await copyFile(path.join(migrations, name), path.join(folder, name));
      await migrate({ connection: before.connection, folder, log: silentLog });
    };
    await apply(all.slice(0, at));
    await before.sql(storeOpenly, ["a session", 1, "somebody", answer]);
    await apply(all.slice(at));
    expect(await sealOldAnswers(before.db, 1000)).toBe(1);
    const rows = await before.sql<{ session_id: string }>("SELECT * FROM client_mutations");
    expect(rows).toMatchObject([{ request_id: "1", result: null, clear_session_id: null }]);
    await before.close();
  });
});
