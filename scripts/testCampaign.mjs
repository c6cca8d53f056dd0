// `npm run test:campaign -- --schedules N --seed S`: recordings at GetStream while calls, faults, kills and webhooks come in
// any order; prints what of docs/getstream.md did not hold. One seed is one schedule; what fails is made smaller and kept.
import { fork, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { root } from "./build.mjs";

const usage = `Usage: npm run test:campaign -- [--schedules N] [--seed S] [--only S] [--plant NAME] [--shrink N] [--jobs N]
  --schedules N  how many schedules (default 200)
  --seed S       the first seed; the others follow (default: by the clock, printed)
  --only S       the schedule of this seed alone
  --plant NAME   with a planted fault: blindRetry, rowAfterStart
  --shrink N     failures that are made smaller, a minute each (default 5)
  --jobs N       schedules at a time (default: the number of cores)
  --processes N  instead, so many schedules of kills of the built server, in real time`;

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    only: { type: "string" },
    plant: { type: "string" },
    shrink: { type: "string", default: "5" },
    jobs: { type: "string", default: String(os.availableParallelism()) },
    processes: { type: "string" },
  },
});
if (values.processes !== undefined) {
  const test = path.join(root, "scripts/test.mjs");
  const { status } = spawnSync(
    process.execPath,
    [test, "--project", "acceptance", "getstreamKills"],
    {
      env: { ...process.env, CONNVO_TEST_KILLS: values.processes, CONNVO_TEST_SEED: values.seed },
      stdio: "inherit",
    },
  );
  process.exit(status ?? 1);
}
const count = values.only === undefined ? Number(values.schedules) : 1;
const first = Number(values.only ?? values.seed);
const jobs = Math.min(Number(values.jobs), count);
if (![count, first, jobs].every(Number.isInteger) || count < 1 || jobs < 1) {
  console.error(usage);
  process.exit(2);
}

const began = performance.now();
const program = await bundle();
const evidence = path.join(root, "test-evidence");
await mkdir(evidence, { recursive: true });
const postgres = start();
const { template, points, error } = await ask(postgres, {
  do: "postgres",
  folder: await mkdtemp(path.join(os.tmpdir(), "connvo-campaign-")),
  migrations: path.join(root, "migrations"),
});
if (error) throw new Error(error);

const open = Array.from({ length: count }, (_, index) => first + index);
let done = 0;
// Whoever has seen enough is told what there was.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => open.splice(0));
const crashes = new Map();
const ended = new Map();
/** From so many schedules on servers have to die at each point this often. */
const manySchedules = 2_000;
const leastKills = 10;
/** Schedules between two words on how far it is. */
const tellEvery = 100;
/** Seeds by what was found. */
const found = new Map();
let failed = 0;
console.log(`seeds from ${first}`);
await Promise.all(Array.from({ length: jobs }, work));
printTables();
const seldom = points.filter((name) => (crashes.get(name) ?? 0) < leastKills);
for (const name of seldom)
  console.log(`killed ${crashes.get(name) ?? 0} times at "${name}", fewer than ${leastKills}`);
postgres.disconnect();
await new Promise((resolve) => postgres.once("exit", resolve));
process.exit(failed === 0 && (done < manySchedules || seldom.length === 0) ? 0 : 1);

async function work() {
  let child;
  for (let seed = open.shift(); seed !== undefined; seed = open.shift()) {
    child ??= start();
    const answer = await ask(child, { do: "play", seed, template, plant: values.plant });
    await note(child, seed, answer);
    if (child.exitCode !== null || child.signalCode !== null) child = undefined;
  }
  child?.kill();
}

async function note(child, seed, { verdict, error: broke, schedule }) {
  for (const [name, times] of Object.entries(verdict?.crashes ?? {}))
    crashes.set(name, (crashes.get(name) ?? 0) + times);
  for (const [name, times] of Object.entries(verdict?.ended ?? {}))
    ended.set(name, (ended.get(name) ?? 0) + times);
  done++;
  if (done % tellEvery === 0) {
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(`${done} of ${count} played in ${seconds} s, ${failed} failed`);
  }
  const findings = broke ? [broke] : verdict.findings;
  if (findings.length === 0) return;
  failed++;
  for (const one of new Set(findings)) found.set(one, [...(found.get(one) ?? []), seed]);
  const lines = findings.map((one) => `  ${one}`).join("\n");
  console.log(`\n--only ${seed}\n${lines}`);
  const { log } = verdict ?? {};
  const shown = failed <= Number(values.shrink) ? await smaller(child, seed, schedule) : schedule;
  const file = path.join(evidence, `campaign-${seed}.json`);
  await writeFile(
    file,
    JSON.stringify({ seed, findings, schedule, smallest: shown, log }, null, 1),
  );
  console.log(`  ${JSON.stringify(shown)}`);
}

async function smaller(child, seed, schedule) {
  if (child.exitCode !== null) return schedule;
  const task = { do: "shrink", seed, template, plant: values.plant };
  return (await ask(child, task)).schedule ?? schedule;
}

function start() {
  const stdio = ["ignore", "ignore", "inherit", "ipc"];
  return fork(program, [], { stdio, execArgv: ["--enable-source-maps"] });
}

function ask(child, task) {
  return new Promise((resolve) => {
    const settle = (answer) => {
      child.off("message", settle);
      child.off("exit", died);
      resolve(answer);
    };
    const died = (code, signal) => settle({ error: `the process died: ${signal ?? code}` });
    child.on("message", settle);
    child.on("exit", died);
    child.send(task, (error) => {
      if (error) settle({ error: `the process is gone: ${error.message}` });
    });
  });
}

function printTables() {
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const rows = (counts) => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  console.log("\nkills by point");
  console.table(rows(crashes));
  console.log("recordings by what became of them");
  console.table(rows(ended));
  for (const [one, seeds] of found)
    console.log(`${seeds.length} × ${one.split("\n")[0]} (${seeds.slice(0, 12).join(", ")})`);
  console.log(`${failed} of ${done} schedules failed, in ${seconds} s; seeds from ${first}`);
}

/** The program that plays and judges, from the present sources. */
async function bundle() {
  const outfile = path.join(root, "node_modules/.cache/connvo/test/campaignProcess.mjs");
  await build({
    entryPoints: [path.join(root, "test/campaign/campaignProcess.ts")],
    ...{ outfile, bundle: true, packages: "external", format: "esm", platform: "node" },
    ...{ target: "node20.19", sourcemap: "inline", logLevel: "error" },
  });
  return outfile;
}
