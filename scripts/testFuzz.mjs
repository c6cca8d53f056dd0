// `npm run test:fuzz -- --minutes M`: feeds everything that reads what strangers send with changed inputs, on all cores, and prints how
// many, what they cost and which were not read as they should be. Those are kept in test-evidence/.
import { fork } from "node:child_process";
import { mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { root } from "./build.mjs";

const all = ["rtp", "rtcp", "channel", "json", "trickle", "frames", "sdp", "room", "capture"];
const usage = `Usage: npm run test:fuzz -- [--minutes M] [--seed S] [--target NAME …] [--first I] [--jobs N]
  --minutes M    how long (default 2)
  --seed S       the first seed; the others follow (default: by the clock, printed)
  --target NAME  only this one: ${all.join(", ")}
  --first I      begin with this input of the seed (to see a failure again)
  --jobs N       at a time (default: the number of cores)`;

/** Inputs of one order: some seconds. */
const units = 200_000;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    target: { type: "string", multiple: true, default: all },
    first: { type: "string", default: "0" },
    jobs: { type: "string", default: String(os.availableParallelism()) },
  },
});
const [minutes, seed, first, jobs] = [values.minutes, values.seed, values.first, values.jobs].map(
  Number,
);
const isWhole = [seed, first, jobs].every((value) => Number.isInteger(value) && value >= 0);
if (!isWhole || jobs < 1 || !(minutes > 0) || !values.target.every((name) => all.includes(name))) {
  console.error(usage);
  process.exit(2);
}

const program = await bundle();
const evidence = path.join(root, "test-evidence");
await mkdir(evidence, { recursive: true });
const ends = performance.now() + minutes * 60_000;
const totals = new Map(
  values.target.map((name) => [name, { inputs: 0, failed: 0, slowestMs: 0, grown: 0 }]),
);
let orders = 0;
console.log(`seeds from ${seed}`);
await Promise.all(Array.from({ length: jobs }, work));
printTable();
process.exit([...totals.values()].every(({ failed }) => failed === 0) ? 0 : 1);

async function work() {
  let child;
  while (performance.now() < ends || orders < values.target.length) {
    const number = orders++;
    const target = values.target[number % values.target.length];
    const order = { target, units, first, seed: seed + Math.floor(number / values.target.length) };
    const keepIn = path.join(evidence, `fuzz-${target}-${order.seed}`);
    child ??= fork(program, ["--enable-source-maps"], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const report = await carryOut(child, { ...order, keepIn });
    if (child.exitCode !== null || child.signalCode !== null) child = undefined;
    note(order, report);
  }
  child?.kill();
}

function carryOut(child, order) {
  return new Promise((resolve) => {
    const settle = (report) => {
      child.off("message", settle);
      child.off("exit", died);
      resolve(report);
    };
    const died = (code, signal) =>
      settle({
        inputs: 0,
        slowestMs: 0,
        grownBytes: 0,
        failure: { error: `the process died: ${signal ?? code}` },
      });
    child.on("message", settle);
    child.on("exit", died);
    child.send(order);
  });
}

function note({ target, seed }, { inputs, slowestMs, grownBytes, failure }) {
  const total = totals.get(target);
  total.inputs += inputs;
  total.slowestMs = Math.max(total.slowestMs, slowestMs);
  total.grown = Math.max(total.grown, grownBytes);
  if (!failure) return;
  total.failed++;
  console.log(`\n${target}, --seed ${seed} --first ${failure.index ?? "?"}\n${failure.error}`);
}

function printTable() {
  const rows = [...totals].map(([target, { inputs, failed, slowestMs, grown }]) => ({
    target,
    inputs,
    failed,
    "slowest, ms": Math.round(slowestMs),
    "grown at most, MiB": Math.round(grown / 2 ** 20),
  }));
  console.table(rows);
  if (rows.some(({ failed }) => failed > 0))
    console.log(`kept in ${evidence}/fuzz-<target>-<seed>`);
}

/** The program that reads, from the present sources. */
async function bundle() {
  const outfile = path.join(root, "node_modules/.cache/connvo/test/fuzzProcess.mjs");
  await build({
    entryPoints: [path.join(root, "test/fuzz/fuzzProcess.ts")],
    ...{ outfile, bundle: true, packages: "external", format: "esm", platform: "node" },
    ...{ target: "node20.19", sourcemap: "inline", logLevel: "error" },
  });
  return outfile;
}
