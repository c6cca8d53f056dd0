import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { silentLog } from "../../../src/core/log.ts";

import { type DatabaseOptions, openDatabase } from "../../../src/db/pool.ts";
import {
  type Database,
  DatabaseUnavailableError,
  type DataKey,
  statement,
} from "../../../src/db/port.ts";
import { findSessionSettings } from "../../../src/db/sessionSettings.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { postgresProxy } from "../support/postgresProxy.ts";

takeTime();

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
  await database.sql("CREATE TABLE things (id text PRIMARY KEY, n int8 NOT NULL DEFAULT 0)");
  await database.sql("CREATE SEQUENCE attempts");
  await database.sql(`CREATE FUNCTION fail_until(wanted int, state text) RETURNS int LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('attempts') < wanted THEN RAISE EXCEPTION 'as asked' USING ERRCODE = state; END IF;
      RETURN 1;
    END $$`);
});
afterAll(() => database.close());

const insert = statement("test.insert", "INSERT INTO things (id) VALUES ($1)");
const find = statement<{ id: string; n: number }>(
  "test.find",
  "SELECT * FROM things WHERE id = $1",
);
const count = statement<{ n: number }>("test.count", "SELECT count(*) AS n FROM things");
const add = statement("test.add", "UPDATE things SET n = n + 1 WHERE id = $1");
const failUntil = statement("test.failUntil", "SELECT fail_until($1, $2)");
const now = statement<{ now: number }>("test.now", "SELECT app_now() AS now");
const setting = statement<{ value: string }>("test.setting", "SELECT current_setting($1) AS value");

async function open(options: Partial<DatabaseOptions> = {}): Promise<Database> {
  const db = await openDatabase({
    connection: database.connection,
    poolSize: 2,
    namedStatements: true,
    log: silentLog,
    ...options,
  });
  onTestFinished(() => db.close());
  return db;
}

const logged = (keys: string[]) =>
  database.sql<{ id: string }>("SELECT id FROM commit_log WHERE keys = $1", [keys]);

describe("a test database", () => {
  it("moves its time for every connection", async () => {
    const { db } = database;
    const before = await db.read((tx) => tx.first(now));
    await database.advanceTime(3_600_000);
    const after = await db.read((tx) => tx.first(now));
    expect((after?.now ?? 0) - (before?.now ?? 0)).toBeGreaterThanOrEqual(3_600_000);
  });

  it("is reachable by url", async () => {
    const named = statement<{ name: string }>("test.database", "SELECT current_database() AS name");
    const other = await open({ connection: database.url });
    const [here, there] = await Promise.all(
      [database.db, other].map((each) => each.read((tx) => tx.first(named))),
    );
    expect(there).toEqual(here);
  });
});

const explicit = { options: undefined, readOnlySnapshots: false };
const modes: [string, Partial<DatabaseOptions>][] = [
  ["named statements", {}],
  ["unnamed statements", { namedStatements: false }],
  [
    "a pooler that takes no session settings",
    { sessionSettings: explicit, namedStatements: false },
  ],
];

describe.each(modes)("with %s", (mode, options) => {
  const key = mode.replaceAll(" ", "_");

  it("a read sees one moment, also in statements side by side", async () => {
    const db = await open(options);
    await db.read(async (tx) => {
      const before = await tx.first(count);
      await database.sql("INSERT INTO things (id) VALUES ($1)", [`${key}.later`]);
      const after = await Promise.all([tx.first(count), tx.first(find, [`${key}.later`])]);
      expect(after).toEqual([before, undefined]);
    });
    expect(await db.read((tx) => tx.first(find, [`${key}.later`]))).toBeDefined();
  });

  it("a read cannot write", async () => {
    const db = await open(options);
    const attempt = db.read((tx) => tx.all(insert, [`${key}.never`]));
    await expect(attempt).rejects.toMatchObject({ code: "25006" });
    expect(await db.read((tx) => tx.first(find, [`${key}.never`]))).toBeUndefined();
  });

  it("a transaction stores its rows and its keys together, and runs its effects after that", async () => {
    const db = await open(options);
    const effect = vi.fn();
    const changed = await db.transaction(async (tx) => {
      tx.writes(`user:${key}`, `meeting:${key}`);
      tx.writes(`user:${key}`);
      tx.afterCommit(async () => effect(await logged([`user:${key}`, `meeting:${key}`])));
      await tx.run(insert, [`${key}.a`]);
      return tx.run(add, [`${key}.a`]);
    });
    expect(changed).toBe(1);
    expect(effect).toHaveBeenCalledWith([{ id: expect.stringMatching(/^commit_/) }]);
    expect(await db.read((tx) => tx.first(find, [`${key}.a`]))).toEqual({ id: `${key}.a`, n: 1 });
  });

  it("a failing transaction leaves nothing and gives its connection back", async () => {
    const db = await open(options);
    const effect = vi.fn();
    for (let attempt = 0; attempt < 6; attempt++) {
      const failing = db.transaction(async (tx) => {
        tx.afterCommit(effect);
        tx.writes(`org:${key}`);
        await tx.run(insert, [`${key}.gone`]);
        if (attempt % 2) await tx.run(insert, [`${key}.gone`]);
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow(attempt % 2 ? /things_pkey/ : "no");
    }
    expect(effect).not.toHaveBeenCalled();
    expect(await logged([`org:${key}`])).toEqual([]);
    expect(await db.read((tx) => tx.first(find, [`${key}.gone`]))).toBeUndefined();
  });

  it("an error of a statement that was swallowed is not committed as if nothing had been", async () => {
    const db = await open(options);
    await db.transaction((tx) => tx.run(insert, [`${key}.once`]));
    const swallowing = db.transaction(async (tx) => {
      await tx.run(insert, [`${key}.lost`]);
      await tx.run(insert, [`${key}.once`]).catch(() => undefined);
    });
    await expect(swallowing).rejects.toMatchObject({ code: "23505" });
    expect(await db.read((tx) => tx.first(find, [`${key}.lost`]))).toBeUndefined();
  });

  it("has its limits and its time zone", async () => {
    const db = await open(options);
    const seen = await db.transaction(async (tx) => ({
      statement: await tx.first(setting, ["statement_timeout"]),
      idle: await tx.first(setting, ["idle_in_transaction_session_timeout"]),
      zone: await tx.first(setting, ["timezone"]),
      isolation: await tx.first(setting, ["transaction_isolation"]),
    }));
    expect(seen).toEqual({
      statement: { value: "15s" },
      idle: { value: "30s" },
      zone: { value: "UTC" },
      isolation: { value: "read committed" },
    });
  });
});

describe("values", () => {
  it("arrive as numbers, objects, arrays, bytes and null", async () => {
    const all = statement(
      "test.values",
      `SELECT '2026-01-02 03:04:05.678901+00'::timestamptz AS at, 'infinity'::timestamptz AS never,
              9007199254740991::int8 AS big, $1::jsonb AS json, $2::text[] AS texts, $3::bytea AS bytes,
              $4::text AS nothing, $5::bool AS yes, $6::int4 AS small`,
    );
    const bytes = Buffer.from([0, 255, 1]);
    const row = await database.db.read((tx) =>
      tx.first(all, [{ a: [1, "é", null] }, ['a"b', "\\", "", "NULL"], bytes, null, true, -7]),
    );
    expect(row).toEqual({
      at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      never: Number.POSITIVE_INFINITY,
      big: Number.MAX_SAFE_INTEGER,
      json: { a: [1, "é", null] },
      texts: ['a"b', "\\", "", "NULL"],
      bytes,
      nothing: null,
      yes: true,
      small: -7,
    });
  });

  it("that a number cannot hold are an error, and the connection goes on", async () => {
    const db = await open({ poolSize: 1 });
    const huge = statement("test.huge", "SELECT 9007199254740993::int8 AS n");
    await expect(db.read((tx) => tx.first(huge))).rejects.toThrow(RangeError);
    await db.ping();
  });
});

describe("prepared statements", () => {
  it("that failed before they were prepared, or while they ran, work later", async () => {
    const db = await open({ poolSize: 1 });
    const late = statement("test.late", "SELECT id FROM late");
    await expect(db.read((tx) => tx.all(late))).rejects.toMatchObject({ code: "42P01" });
    await database.sql("CREATE TABLE late (id int)");
    expect(await db.read((tx) => tx.all(late))).toEqual([]);
    const divide = statement<{ n: number }>("test.divide", "SELECT 6 / $1::int AS n");
    await expect(db.read((tx) => tx.first(divide, [0]))).rejects.toMatchObject({ code: "22012" });
    expect(await db.read((tx) => tx.first(divide, [3]))).toEqual({ n: 2 });
  });

  it("survive a change of the schema after one failure", async () => {
    const db = await open({ poolSize: 1 });
    await database.sql("CREATE TABLE changing (a int)");
    await database.sql("INSERT INTO changing VALUES (1)");
    const star = statement("test.star", "SELECT * FROM changing");
    expect(await db.read((tx) => tx.all(star))).toEqual([{ a: 1 }]);
    await database.sql("ALTER TABLE changing ADD b int DEFAULT 2");
    await expect(db.read((tx) => tx.all(star))).rejects.toMatchObject({ code: "0A000" });
    expect(await db.read((tx) => tx.all(star))).toEqual([{ a: 1, b: 2 }]);
  });

  it("are kept, but for those whose plan depends on their values", async () => {
    const db = await open({ poolSize: 1 });
    const text = "SELECT relname FROM pg_class WHERE relname = $1";
    const known = statement<{ name: string }>(
      "test.known",
      "SELECT name FROM pg_prepared_statements WHERE name LIKE 'test.%'",
    );
    const names = await db.read(async (tx) => {
      for (const value of ["pg_class", "pg_type"]) {
        const row = [{ relname: value }];
        expect(await tx.all(statement("test.kept", text), [value])).toEqual(row);
        expect(await tx.all(statement("test.anew", text, { plansAnew: true }), [value])).toEqual(
          row,
        );
      }
      return await tx.all(known);
    });
    expect(names.map(({ name }) => name)).toEqual(["test.kept", "test.known"]);
  });

  it("of one name have one text", async () => {
    const db = await open({ poolSize: 1 });
    const twice = ["SELECT 1", "SELECT 2"].map((text) => statement("test.twice", text));
    const both = db.read((tx) => Promise.all(twice.map((each) => tx.all(each))));
    await expect(both).rejects.toThrow("Two statements are named test.twice");
    await db.ping();
  });
});

describe("a transaction in others' way", () => {
  it("is run again on serialization failures and acknowledged once", async () => {
    const db = await open({ random: () => 0 });
    await database.sql("ALTER SEQUENCE attempts RESTART");
    const [work, effect] = [vi.fn(), vi.fn()];
    await db.transaction(async (tx) => {
      work();
      tx.afterCommit(effect);
      await tx.run(insert, ["retried"]);
      await tx.all(failUntil, [3, "40001"]);
    });
    expect(work).toHaveBeenCalledTimes(3);
    expect(effect).toHaveBeenCalledTimes(1);
  });

  it("gives up after ten times", async () => {
    const db = await open({ random: () => 0 });
    await database.sql("ALTER SEQUENCE attempts RESTART");
    const work = vi.fn();
    const hopeless = db.transaction(async (tx) => {
      work();
      await tx.all(failUntil, [1000, "40P01"]);
    });
    await expect(hopeless).rejects.toMatchObject({ code: "40P01" });
    expect(work).toHaveBeenCalledTimes(10);
  });

  it("is not run again after any other error", async () => {
    const db = await open();
    const work = vi.fn(() => Promise.reject(new Error("mine")));
    await expect(db.transaction(work)).rejects.toThrow("mine");
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("gets through a deadlock", async () => {
    const db = await open();
    await database.sql("INSERT INTO things (id) VALUES ('left'), ('right')");
    let arrived = 0;
    const cross = (first: string, second: string) =>
      db.transaction(async (tx) => {
        await tx.run(add, [first]);
        arrived++;
        await vi.waitFor(() => expect(arrived).toBeGreaterThan(1), patience);
        await tx.run(add, [second]);
      });
    await Promise.all([cross("left", "right"), cross("right", "left")]);
    expect(await db.read((tx) => tx.first(find, ["left"]))).toEqual({ id: "left", n: 2 });
    // The one that tries again may be faster than the one that waits: then they meet once more.
    expect(arrived).toBeGreaterThanOrEqual(3);
  });

  it("logs a failing effect and returns all the same", async () => {
    const error = vi.fn();
    const db = await open({ log: { ...silentLog, error } });
    const value = await db.transaction(async (tx) => {
      tx.afterCommit(() => {
        throw new Error("effect");
      });
      return 7;
    });
    expect(value).toBe(7);
    expect(error).toHaveBeenCalledTimes(1);
  });

  it("cannot be used when it is over", async () => {
    const db = await open();
    const leaked = await db.transaction(async (tx) => tx);
    await expect(leaked.first(count)).rejects.toThrow("the transaction is over");
  });

  it("that never ends loses its connection to others", async () => {
    const db = await open({ poolSize: 1, transactionLimitMs: 1000 });
    const [stuck, lost] = [vi.fn(), vi.fn()];
    db.transaction(async (tx) => {
      await tx.run(insert, ["stuck"]);
      await new Promise(stuck);
    }).catch(lost);
    // Where the machine stands still, it may lose its connection before it is stuck.
    await vi.waitFor(
      () => expect(stuck.mock.calls.length + lost.mock.calls.length).toBeGreaterThan(0),
      patience,
    );
    expect(await db.read((tx) => tx.first(find, ["stuck"]))).toBeUndefined();
  });
});

describe("a lost database", () => {
  it("in the middle of COMMIT is told as ambiguous and not tried again", async () => {
    const proxy = await postgresProxy(database.connection, {});
    onTestFinished(() => proxy.close());
    const db = await open({ connection: proxy.connection });
    const work = vi.fn();
    proxy.faults.cutAfter = "db.commit";
    const failure = await db
      .transaction(async (tx) => {
        work();
        await tx.run(insert, ["ambiguous"]);
      })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DatabaseUnavailableError);
    expect(failure).toMatchObject({ ambiguous: true });
    expect(work).toHaveBeenCalledTimes(1);
    // It was committed: running it again would have been wrong.
    await vi.waitFor(
      async () =>
        expect(await database.db.read((tx) => tx.first(find, ["ambiguous"]))).toBeDefined(),
      patience,
    );
  });

  it("before COMMIT is not ambiguous", async () => {
    const proxy = await postgresProxy(database.connection, { cutAfter: "test.insert" });
    onTestFinished(() => proxy.close());
    const db = await open({ connection: proxy.connection });
    const failure = await db.transaction((tx) => tx.run(insert, ["x"])).catch((error) => error);
    expect(failure).toBeInstanceOf(DatabaseUnavailableError);
    expect(failure).toMatchObject({ ambiguous: false });
  });

  it("that never was there is told when opening, without its secrets", async () => {
    const connection = "postgres://someone:hunter2@localhost/none?host=/nowhere";
    const failure = await open({ connection }).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(DatabaseUnavailableError);
    expect(JSON.stringify(failure) + (failure as Error).stack).not.toContain("hunter2");
  });
});

describe("session settings", () => {
  it("are sent with the connection where the server takes them", async () => {
    const { readOnlySnapshots, options } = await findSessionSettings(database.connection);
    expect(readOnlySnapshots).toBe(true);
    expect(options).toContain("transaction_timeout");
  });

  it("a url asks for itself are kept", async () => {
    const db = await open({ connection: `${database.url}&options=-c%20geqo=off` });
    expect(await db.read((tx) => tx.first(setting, ["geqo"]))).toEqual({ value: "off" });
    expect(await db.read((tx) => tx.first(setting, ["statement_timeout"]))).toEqual({
      value: "15s",
    });
  });

  it("that a pooler drops silently are noticed", async () => {
    const proxy = await postgresProxy(database.connection, { dropOptions: true });
    onTestFinished(() => proxy.close());
    expect(await findSessionSettings(proxy.connection)).toEqual(explicit);
    const db = await open({ connection: proxy.connection });
    const level = await db.read((tx) => tx.first(setting, ["transaction_isolation"]));
    expect(level).toEqual({ value: "repeatable read" });
  });
});

describe("listening", () => {
  const heard = (seen: DataKey[][]) => (keys: DataKey[]) => {
    seen.push(keys);
  };

  it("hears of every node's commits, in batches, and nothing of what was rolled back", async () => {
    const other = await open();
    const seen: DataKey[][] = [];
    const stop = await other.listen(heard(seen));
    const writing = Array.from({ length: 20 }, (_, n) =>
      database.db.transaction(async (tx) => tx.writes(`meeting:heard_${n}`)),
    );
    await Promise.all(writing);
    await database.db
      .transaction(async (tx) => {
        tx.writes("user:unheard");
        throw new Error("no");
      })
      .catch(() => undefined);
    await database.db.transaction(async (tx) => tx.writes("user:last"));
    await vi.waitFor(() => expect(seen.flat()).toContain("user:last"), patience);
    expect(new Set(seen.flat()).size).toBe(21);
    await stop();
  });

  it("hears that something changed when the keys do not fit", async () => {
    const other = await open();
    const seen: DataKey[][] = [];
    const stop = await other.listen(heard(seen));
    await database.db.transaction(async (tx) => {
      for (let n = 0; n < 500; n++) tx.writes(`meeting:a_rather_long_key_number_${n}`);
    });
    await vi.waitFor(() => expect(seen).toContainEqual([]), patience);
    await stop();
  });

  it("goes on after its connection was lost, and says that something may have been missed", async () => {
    const other = await open();
    const seen: DataKey[][] = [];
    const stop = await other.listen(heard(seen));
    await database.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'",
    );
    await vi.waitFor(() => expect(seen).toContainEqual([]), patience);
    await database.db.transaction(async (tx) => tx.writes("user:again"));
    await vi.waitFor(() => expect(seen.flat()).toContain("user:again"), patience);
    await stop();
  });
});
