import { rm } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { connectDirectly } from "../../src/db/connection.ts";
import { type SocketConnection, startEmbeddedPostgres } from "../../src/db/embedded/start.ts";
import { migrate } from "../../src/db/migrate.ts";
import { type CampaignDatabase, campaignDatabase } from "./database.ts";
import { drawSchedule, schedules } from "./draw.ts";
import { virtualFetch } from "./network.ts";
import { type PlantName, plants } from "./plants.ts";
import { play, type Verdict } from "./play.ts";
import { pointNames } from "./points.ts";
import type { Schedule } from "./schedule.ts";
import { installVirtualTime } from "./virtualTime.ts";

/** What a parent may ask for, one after another. */
export type Task =
  /** PostgreSQL for all of them, until the parent ends. */
  | { do: "postgres"; folder: string; migrations: string }
  | { do: "play"; seed: number; template: SocketConnection; plant?: PlantName }
  /** Looks for the smallest schedule that fails like this one. */
  | { do: "shrink"; seed: number; template: SocketConnection; plant?: PlantName };

export type Answer =
  | { template: SocketConnection; points: readonly string[] }
  | { verdict: Verdict; schedule?: Schedule }
  | { error: string; schedule?: Schedule };

/** So long a smaller schedule is looked for, ms. */
const shrinkingMs = 60_000;

installVirtualTime(virtualFetch);
let database: CampaignDatabase | undefined;
let stop: (() => Promise<void>) | undefined;

async function carryOut(task: Task): Promise<Answer> {
  if (task.do === "postgres") return { template: await startPostgres(task), points: pointNames };
  database ??= await campaignDatabase(task.template);
  return task.do === "play" ? playOne(database, task) : shrink(database, task);
}

async function playOne(
  db: CampaignDatabase,
  { seed, plant }: Extract<Task, { do: "play" }>,
): Promise<Answer> {
  const schedule = drawSchedule(seed);
  try {
    const verdict = await play(schedule, db, plant && plants[plant]);
    return verdict.findings.length > 0
      ? { verdict, schedule }
      : { verdict: { ...verdict, log: [] } };
  } catch (error) {
    return { error: textOf(error), schedule };
  }
}

async function shrink(
  db: CampaignDatabase,
  { seed, plant }: Extract<Task, { do: "shrink" }>,
): Promise<Answer> {
  let found: { verdict: Verdict; schedule: Schedule } | undefined;
  let playing: Promise<Verdict> | undefined;
  const property = fc.asyncProperty(schedules, async (schedule) => {
    playing = play(schedule, db, plant && plants[plant]);
    const verdict = await playing;
    if (verdict.findings.length === 0) return true;
    found = { verdict, schedule };
    return false;
  });
  await fc.check(property, { seed, numRuns: 1, interruptAfterTimeLimit: shrinkingMs });
  // Interrupted, it still plays: two schedules on one database would disturb each other.
  await playing;
  return found ?? { error: "it did not fail again" };
}

async function startPostgres({ folder, migrations }: Extract<Task, { do: "postgres" }>) {
  const dataDir = path.join(folder, "postgres");
  const postgres = await startEmbeddedPostgres({ dataDir, log: silentLog, clock: systemClock });
  stop = async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const template = { ...postgres.connection, database: "template_campaign" };
  const client = await connectDirectly(postgres.connection);
  await client.query(`CREATE DATABASE ${template.database}`).finally(() => client.end());
  await migrate({ connection: template, folder: migrations, log: silentLog });
  return template;
}

const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? "") : String(error));

// One task after another, as the parent asks for them; it ends with its parent.
process.once("disconnect", async () => {
  await stop?.();
  process.exit(0);
});
process.on("message", (task: Task) => {
  carryOut(task).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: textOf(error) } satisfies Answer),
  );
});
