import { v } from "convex/values";
import { can } from "../../../src/auth/can.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { openDatabase } from "../../../src/db/pool.ts";
import { type Database, statement } from "../../../src/db/port.ts";
import { mutation, query } from "../../../src/runtime/builders.ts";
import { databaseAccounts } from "../../../src/runtime/call/accounts.ts";
import { Invoker } from "../../../src/runtime/call/invoke.ts";
import { buildRegistry } from "../../../src/runtime/registry.ts";
import { SyncHub } from "../../../src/sync/hub.ts";
import { fakeServices } from "../../support/functions/fakeServices.ts";
import type { TestDatabase } from "./database.ts";
import { identityOf } from "./liveClient.ts";

const read = statement<{ amount: number }>(
  "test.read",
  "SELECT amount FROM accounts WHERE name = $1",
);
const add = statement("test.add", "UPDATE accounts SET amount = amount + $2 WHERE name = $1");
const note = statement("test.note", "INSERT INTO moves (id) VALUES ($1)");

const accountKey = (name: string) => `meeting:${name}` as const;

const amount = query({
  permission: can.anyone,
  summary: "amount",
  args: { name: v.string() },
  returns: v.number(),
  handler: async ({ tx }, { name }) => {
    tx.reads(accountKey(name));
    return (await tx.first(read, [name]))?.amount ?? 0;
  },
});

const me = query({
  permission: can.anyone,
  summary: "me",
  args: {},
  returns: v.string(),
  handler: ({ identity }) => (identity.kind === "user" ? identity.subject : identity.kind),
});

const move = mutation({
  permission: can.anyone,
  summary: "move",
  args: { id: v.string(), from: v.string(), to: v.string(), by: v.number() },
  returns: v.string(),
  handler: async ({ tx }, { id, from, to, by }) => {
    // In one order, so that nobody waits in a circle.
    const changes = [
      { name: from, by: -by },
      { name: to, by },
    ].sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const change of changes) await tx.run(add, [change.name, change.by]);
    await tx.run(note, [id]);
    tx.writes(accountKey(from), accountKey(to));
    return id;
  },
});

const registry = buildRegistry({ bank: { amount, me, move } });

/** A node with a pool of its own. */
export interface LiveNode {
  readonly hub: SyncHub;
  readonly db: Database;
  close(): Promise<void>;
}

/** Accounts whose amounts only move from one to another. */
export async function openBank(test: TestDatabase, names: readonly string[]): Promise<void> {
  await test.sql(
    "CREATE TABLE IF NOT EXISTS accounts (name text PRIMARY KEY, amount integer NOT NULL)",
  );
  await test.sql("CREATE TABLE IF NOT EXISTS moves (id text NOT NULL)");
  for (const name of names)
    await test.sql("INSERT INTO accounts VALUES ($1, 100) ON CONFLICT DO NOTHING", [name]);
}

export async function openNode(test: TestDatabase): Promise<LiveNode> {
  const db = await openDatabase({
    connection: test.connection,
    poolSize: 6,
    namedStatements: true,
    log: silentLog,
  });
  const services = { ...fakeServices(db as never), db };
  const invoker = new Invoker({
    registry,
    services,
    accounts: databaseAccounts(db),
    log: silentLog,
  });
  const authenticator = {
    authenticate: async (header: string | undefined) => identityOf(header),
    prove: async (header: string | undefined) => ({
      identity: identityOf(header),
      goodUntil: Number.POSITIVE_INFINITY,
    }),
  };
  const hub = await SyncHub.open({
    db,
    invoker,
    authenticator,
    clock: systemClock,
    log: silentLog,
    transactions: 3,
  });
  return {
    hub,
    db,
    close: async () => {
      await hub.close();
      await db.close();
    },
  };
}
