import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { startBarePostgres } from "./barePostgres.ts";
import { plainEnvironment } from "./childProcess.ts";
import { startConnvo } from "./connvoServer.ts";
import { type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, type Pair } from "./statistics.ts";

const run = promisify(execFile);
const baseline = "node -e '' + PostgreSQL alone";

interface Starts {
  /** Seconds on an empty folder. */
  cold: number;
  /** Seconds on the folder the first start has left behind. */
  warm: number;
}

/** From the command to a server that can serve, against the two programs it cannot do without. */
export async function benchStartup(stage: Stage): Promise<Row[]> {
  const cold: Pair[] = [];
  const warm: Pair[] = [];
  for (let round = 0; round < stage.pick(4, 2); round++) {
    stage.say(`round ${round + 1}`);
    const [ours, bare] = [await ourStarts(stage), await bareStarts(stage)];
    cold.push({ ours: ours.cold, baseline: bare.cold });
    warm.push({ ours: ours.warm, baseline: bare.warm });
  }
  const row = (name: string, pairs: Pair[]) =>
    rowOf({ name, baseline, comparison: compare(pairs), format: units.seconds });
  return [
    row("cold start: empty folder → /readyz", cold),
    row("warm start: the second → /readyz", warm),
  ];
}

async function ourStarts(stage: Stage): Promise<Starts> {
  const dataDir = await stage.folder();
  return { cold: await timeOurs(dataDir), warm: await timeOurs(dataDir) };
}

async function timeOurs(dataDir: string): Promise<number> {
  const began = performance.now();
  const server = await startConnvo(dataDir);
  try {
    const { status } = await fetch(`${server.url}/readyz`);
    if (status !== 200) throw new Error(`/readyz answers ${status}`);
    return (performance.now() - began) / 1000;
  } finally {
    await server.stop();
  }
}

async function bareStarts(stage: Stage): Promise<Starts> {
  const dataDir = path.join(await stage.folder(), "postgres");
  return { cold: await timeBare(dataDir), warm: await timeBare(dataDir) };
}

async function timeBare(dataDir: string): Promise<number> {
  const began = performance.now();
  await run(process.execPath, ["-e", ""], { env: plainEnvironment() });
  const postgres = await startBarePostgres(dataDir);
  const seconds = (performance.now() - began) / 1000;
  await postgres.stop();
  return seconds;
}
