import { decodeJwt } from "jose";
import type { UserIdentity } from "../src/auth/identity.ts";
import { findCurrentUser } from "../src/auth/users.ts";
import { silentLog } from "../src/core/log.ts";
import type { ConnectionTarget } from "../src/db/connection.ts";
import { openDatabase } from "../src/db/pool.ts";
import { ownView } from "../src/users/view.ts";
import { ownBareServer } from "./bareServerProcess.ts";
import { ConnvoClient } from "./connvoClient.ts";
import { ownConnvo, postgresOf } from "./connvoServer.ts";
import { sendRequests, type Target } from "./load.ts";
import { cpuSeconds, usageIsKnown } from "./processUsage.ts";
import { notRun, type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { StatementTape } from "./statementTape.ts";
import { compare, interleave } from "./statistics.ts";

const name = "trivial query, CPU per request";
const fn = "users/queries:getCurrentUser";

interface Side {
  pid: number;
  target: Target;
}

/** CPU time the server process spends on one signed-in query over HTTP, against bare Fastify with `pg`. */
export async function benchQuery(stage: Stage): Promise<Row[]> {
  if (!usageIsKnown()) return [notRun(name, "needs Linux's /proc")];
  const server = await ownConnvo(stage);
  const client = new ConnvoClient(server.url);
  const { token } = await client.signIn("Alice");
  const user = await client.call<{ _id: string }>(fn, {}, { name: "Alice", token });
  const postgres = await postgresOf(server.dataDir);
  stage.own("PostgreSQL", () => postgres.stop());
  const { connection } = postgres;
  const queries = await queriesOf(connection, token, user._id);
  const bare = await ownBareServer(stage, { connection, queries });
  const ours = { pid: server.pid, target: client.target(fn, token) };
  const baseline = { pid: bare.pid, target: { ...ours.target, url: `${bare.said.url}/query` } };
  await sameUser(ours.target, baseline.target, user._id);
  return [await measure(stage, ours, baseline)];
}

async function measure(stage: Stage, ours: Side, baseline: Side): Promise<Row> {
  stage.say("warming up");
  for (const { target } of [ours, baseline]) await sendRequests(target, stage.pick(15_000, 6_000));
  const requests = stage.pick(12_000, 5_000);
  stage.say(`${requests} requests a round`);
  const rounds = await interleave(
    stage.pick(5, 3),
    () => cpuPerRequest(ours, requests),
    () => cpuPerRequest(baseline, requests),
  );
  return rowOf({
    name,
    baseline: "bare Fastify + pg, same SQL",
    comparison: compare(rounds),
    format: units.microseconds,
    aim: { of: "ratio", most: 1.5 },
  });
}

async function cpuPerRequest({ pid, target }: Side, requests: number): Promise<number> {
  const before = await cpuSeconds(pid);
  await sendRequests(target, requests);
  return ((await cpuSeconds(pid)) - before) / requests;
}

/** What the product asks the database in that function, by listening to it do so. */
async function queriesOf(connection: ConnectionTarget, token: string, userId: string) {
  const { iss = "", sub = "", ...claims } = decodeJwt<{ name: string; email: string }>(token);
  const identity: UserIdentity = {
    kind: "user",
    issuer: iss,
    subject: sub,
    name: claims.name,
    email: claims.email,
  };
  const tape = new StatementTape();
  const db = await openDatabase({
    connection,
    poolSize: 2,
    namedStatements: true,
    log: silentLog,
  });
  const ask = () =>
    db.read(async (tx) => [await findCurrentUser(tx, identity), await ownView(tx, userId)]);
  try {
    await ask();
    const [read = []] = await tape.record(ask);
    return read.map(({ text, values }, at) => ({ name: `query${at}`, text, values }));
  } finally {
    await db.close();
    tape.stop();
  }
}

/** Both must have the same user to tell of. */
async function sameUser(ours: Target, baseline: Target, userId: string): Promise<void> {
  for (const { url, headers, body } of [ours, baseline]) {
    const answer = await fetch(url, { method: "POST", headers, body });
    const text = await answer.text();
    if (!text.includes(`"${userId}"`))
      throw new Error(`${url} answers with something else: ${text}`);
  }
}
