import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startBarePostgres } from "./barePostgres.ts";
import { ownBareServer } from "./bareServerProcess.ts";
import { ownConnvo, postgresOf, roomProcessOf } from "./connvoServer.ts";
import { residentBytes, treeBytes, usageIsKnown } from "./processUsage.ts";
import { notRun, type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare } from "./statistics.ts";

const names = { server: "idle memory, server process", all: "idle memory, everything" } as const;
const mebibytes = units.mebibytes;

/** Memory of a server nobody uses, with its room process and PostgreSQL, against a bare server with PostgreSQL. */
export async function benchMemory(stage: Stage): Promise<Row[]> {
  if (!usageIsKnown()) return [notRun(names.all, "needs Linux's /proc")];
  const ours = await ourMemory(stage);
  const bare = await bareMemory(stage);
  const rooms = `rooms ${mebibytes(ours.rooms)}, PostgreSQL ${mebibytes(ours.postgres)}`;
  return [
    rowOf({
      name: names.server,
      baseline: "bare Fastify + pg",
      comparison: compare([{ ours: ours.server, baseline: bare.server }]),
      format: mebibytes,
    }),
    rowOf({
      name: names.all,
      baseline: "bare Fastify + pg + PostgreSQL",
      comparison: compare([
        {
          ours: ours.server + ours.rooms + ours.postgres,
          baseline: bare.server + bare.postgres,
        },
      ]),
      format: mebibytes,
      beside: rooms,
    }),
  ];
}

/** Until start-up's garbage has been collected and its connections have been given up, ms. */
const settleMs = { full: 15_000, quick: 4_000 };

async function ourMemory(stage: Stage) {
  const server = await ownConnvo(stage);
  const postgres = await pidOfPostgres(server.dataDir);
  stage.say("idling");
  await sleep(stage.pick(settleMs.full, settleMs.quick));
  return {
    server: await residentBytes(server.pid),
    rooms: await residentBytes(await roomProcessOf(server.dataDir)),
    postgres: await treeBytes(postgres),
  };
}

async function bareMemory(stage: Stage) {
  const postgres = await startBarePostgres(path.join(await stage.folder(), "postgres"));
  stage.own("PostgreSQL", () => postgres.stop());
  const queries = [{ text: "SELECT 1" }];
  const server = await ownBareServer(stage, { connection: postgres.connection, queries });
  await fetch(`${server.said.url}/query`, { method: "POST" });
  await sleep(stage.pick(settleMs.full, settleMs.quick));
  return {
    server: await residentBytes(server.pid),
    postgres: await treeBytes(postgres.pid),
  };
}

async function pidOfPostgres(dataDir: string): Promise<number> {
  const postgres = await postgresOf(dataDir);
  await postgres.stop();
  return postgres.pid;
}
