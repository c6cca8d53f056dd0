import { randomUUID } from "node:crypto";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { LiveClient } from "../support/liveClient.ts";
import { type LiveNode, openBank, openNode } from "../support/liveNodes.ts";

takeTime();

const names = ["a", "b", "c"];
const total = 100 * names.length;

let test: TestDatabase;
let nodes: LiveNode[];

beforeAll(async () => {
  test = await testDatabase();
  await openBank(test, names);
  nodes = [await openNode(test), await openNode(test)];
});

const open = new Set<LiveClient>();

beforeEach(async () => {
  for (const client of open) client.disconnect();
  open.clear();
  await test.sql("UPDATE accounts SET amount = 100");
  await test.sql("DELETE FROM moves");
});

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await test.close();
});

const hubOf = (index: number) => (nodes[index % nodes.length] as LiveNode).hub;
const meQuery = 99;

const amountsOf = (client: LiveClient) =>
  names.map((_, queryId) => {
    const told = client.view.get(queryId);
    return told && "value" in told ? Number(told.value) : undefined;
  });

/** A client that watches all accounts, and who it is. */
function watcher(node: number): LiveClient {
  const client = new LiveClient(randomUUID());
  open.add(client);
  for (const [queryId, name] of names.entries()) client.subscribe(queryId, "bank:amount", { name });
  client.subscribe(meQuery, "bank:me", {});
  client.onView = () => {
    const amounts = amountsOf(client);
    if (amounts.includes(undefined)) return;
    const sum = amounts.reduce<number>((all, one) => all + (one ?? 0), 0);
    if (sum !== total) client.faults.push(`sees ${sum} in all, of two states: ${amounts}`);
  };
  client.connect(hubOf(node));
  return client;
}

const stored = async () => {
  const rows = await test.sql<{ amount: number }>("SELECT amount FROM accounts ORDER BY name");
  return rows.map(({ amount }) => amount);
};

interface Step {
  client: number;
  kind: "move" | "reconnect" | "drop" | "signIn" | "signOut" | "resubscribe";
  from: number;
  to: number;
  node: number;
}

const step = fc.record<Step>({
  client: fc.nat(2),
  kind: fc.constantFrom(
    "move",
    "move",
    "move",
    "reconnect",
    "drop",
    "signIn",
    "signOut",
    "resubscribe",
  ),
  from: fc.nat(names.length - 1),
  to: fc.nat(names.length - 1),
  node: fc.nat(1),
});

/** Three clients at two nodes, and what they have been told to do. */
class Crowd {
  readonly clients = [0, 1, 0].map(watcher);
  readonly #subjects: (string | undefined)[] = this.clients.map(() => undefined);
  readonly #moves: { id: string; done: Promise<unknown[]> }[] = [];

  take({ client: who, kind, from, to, node }: Step): void {
    const client = this.clients[who] as LiveClient;
    switch (kind) {
      case "move":
        this.#move(client, from, to);
        break;
      case "reconnect":
        client.connect(hubOf(node));
        break;
      case "drop":
        client.disconnect();
        break;
      case "resubscribe":
        client.unsubscribe(from);
        client.subscribe(from, "bank:amount", { name: names[from] });
        break;
      default: {
        const subject = kind === "signIn" ? `user${who}${from}` : undefined;
        this.#subjects[who] = subject;
        client.signIn(subject && `user:${subject}`);
      }
    }
  }

  #move(client: LiveClient, from: number, to: number): void {
    const id = randomUUID();
    const args = { id, from: names[from], to: names[to], by: 1 };
    const done = client
      .mutate("bank:move", args)
      .catch((error: Error) => {
        // Whoever has become somebody else is told no more than this.
        if (!error.message.includes("carried out for who was signed in before")) throw error;
      })
      .then(() => test.sql("SELECT 1 FROM moves WHERE id = $1", [id]));
    this.#moves.push({ id, done });
  }

  /** Connects all, waits for what they sent, and looks at what they see. */
  async settle(): Promise<void> {
    for (const [who, client] of this.clients.entries())
      if (!client.isConnected) client.connect(hubOf(who));
    for (const { done } of this.#moves) expect(await done).toHaveLength(1);
    const rows = await test.sql<{ id: string }>("SELECT id FROM moves ORDER BY id");
    expect(rows.map(({ id }) => id)).toEqual(this.#moves.map(({ id }) => id).sort());
    const amounts = await stored();
    await vi.waitFor(() => {
      for (const [who, client] of this.clients.entries()) {
        expect(amountsOf(client)).toEqual(amounts);
        expect(client.view.get(meQuery)).toEqual({ value: this.#subjects[who] ?? "anonymous" });
      }
    }, patience);
    expect(this.clients.flatMap(({ faults }) => faults)).toEqual([]);
  }
}

it("whatever clients do, each ends with what is stored, never sees a mixture, and nothing happens twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      await test.sql("DELETE FROM moves");
      const crowd = new Crowd();
      for (const [index, one] of steps.entries()) {
        crowd.take(one);
        if (index % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await crowd.settle();
      for (const client of crowd.clients) client.disconnect();
    }),
    { numRuns: 25 },
  );
});

it("a transaction that began earlier and is committed later is not missed", async () => {
  const client = watcher(0);
  await vi.waitFor(() => expect(amountsOf(client)).toEqual([100, 100, 100]), patience);
  const early = new pg.Client(test.connection);
  await early.connect();
  await early.query("BEGIN");
  // Takes its number, and the transaction's, before all others.
  await early.query(`INSERT INTO commit_log (id, keys) VALUES ($1, '{meeting:a,meeting:b}')`, [
    randomUUID(),
  ]);
  const other = watcher(1);
  for (let round = 0; round < 5; round++)
    await other.mutate("bank:move", { id: randomUUID(), from: "c", to: "b", by: 1 });
  await vi.waitFor(() => expect(amountsOf(client)).toEqual([100, 105, 95]), patience);
  await early.query("UPDATE accounts SET amount = amount - 10 WHERE name = 'a'");
  await early.query("UPDATE accounts SET amount = amount + 10 WHERE name = 'b'");
  await early.query("COMMIT");
  await early.end();
  await vi.waitFor(() => expect(amountsOf(client)).toEqual([90, 115, 95]), patience);
  expect([...client.faults, ...other.faults]).toEqual([]);
  client.disconnect();
  other.disconnect();
});

it("a query runs once for all who ask the same as the same caller, and not for another's changes", async () => {
  const clients = Array.from({ length: 20 }, () => watcher(0));
  await vi.waitFor(() => {
    for (const client of clients) expect(amountsOf(client)).toEqual([100, 100, 100]);
  }, patience);
  const { hub } = nodes[0] as LiveNode;
  expect(hub.stats()).toMatchObject({ connections: 20, subscriptions: 80, queries: 4 });
  const { runs } = hub.stats();
  const [first] = clients;
  await first?.mutate("bank:move", { id: randomUUID(), from: "a", to: "b", by: 1 });
  await vi.waitFor(() => {
    for (const client of clients) expect(amountsOf(client)).toEqual([99, 101, 100]);
  }, patience);
  expect(hub.stats().runs - runs).toBe(2);
  for (const client of clients) client.disconnect();
});

it("a mutation that two connections carry out at once is carried out once", async () => {
  const session = randomUUID();
  const id = randomUUID();
  const [here, there] = [new LiveClient(session), new LiveClient(session)];
  here.connect(hubOf(0));
  there.connect(hubOf(1));
  const args = { id, from: "a", to: "b", by: 1 };
  const answers = await Promise.all([here, there].map((one) => one.mutate("bank:move", args)));
  expect(answers).toEqual([id, id]);
  expect(await stored()).toEqual([99, 101, 100]);
  for (const client of [here, there]) client.disconnect();
});

it("a client is not answered with what another did under the same session, nor is that done again", async () => {
  const session = randomUUID();
  const [one, other] = [new LiveClient(session), new LiveClient(session)];
  one.signIn("user:one");
  other.signIn("user:other");
  one.connect(hubOf(0));
  other.connect(hubOf(0));
  const move = (client: LiveClient, id: string) =>
    client.mutate("bank:move", { id, from: "a", to: "b", by: 1 });
  expect(await move(one, "first")).toBe("first");
  await expect(move(other, "second")).rejects.toThrow("CONFLICT");
  expect(await stored()).toEqual([99, 101, 100]);
  for (const client of [one, other]) client.disconnect();
});
