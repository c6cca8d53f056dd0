// `npm run test:senders -- --sessions N --seed S`: plays sessions of senders with faults, records them, and prints what of them is
// not in the recording at its place. One seed is one session; what fails is kept in test-evidence/.
import { fork } from "node:child_process";
import { mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { root } from "./build.mjs";

const usage = `Usage: npm run test:senders -- [--sessions N] [--seed S] [--named] [--quick] [--jobs N]
  --sessions N  how many sessions (default 100, or all that are named)
  --seed S      the first seed; the others follow (default 1)
  --named       the sessions with one fault each instead, by their number
  --quick       look at the player's tracks only, not at a composed file
  --jobs N      sessions at a time (default: the number of cores)`;

/** Failing sessions that are kept. */
const kept = 40;

const { values } = parseArgs({
  options: {
    sessions: { type: "string" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: String(os.availableParallelism()) },
    named: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
  },
});
const wanted = values.sessions ?? (values.named ? "48" : "100");
const [sessions, first, jobs] = [wanted, values.seed, values.jobs].map(Number);
if (![sessions, first, jobs].every(Number.isInteger) || sessions < 1 || jobs < 1) {
  console.error(usage);
  process.exit(2);
}

const program = await bundle();
const began = performance.now();
const evidence = path.join(root, "test-evidence");
const open = Array.from({ length: sessions }, (_, index) => first + index);
/** Lines by kind, and seeds by kind. */
const found = new Map();
let failed = 0;
let done = 0;

await mkdir(evidence, { recursive: true });
await Promise.all(Array.from({ length: jobs }, work));
printTable();
process.exit(failed === 0 ? 0 : 1);

/** Tries sessions until none is left; a process that died, died of its session. */
async function work() {
  let child;
  for (let seed = open.shift(); seed !== undefined; seed = open.shift()) {
    child ??= fork(program, [], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const outcome = await tryOne(child, seed);
    if (child.exitCode !== null || child.signalCode !== null) child = undefined;
    note(seed, outcome);
  }
  child?.kill();
}

function tryOne(child, seed) {
  const name = `senders-${values.named ? "named-" : ""}${seed}`;
  const keepIn = failed < kept ? path.join(evidence, name) : undefined;
  return new Promise((resolve) => {
    const settle = (outcome) => {
      child.off("message", settle);
      child.off("exit", died);
      resolve(outcome);
    };
    const died = (code, signal) => {
      const line = `${seed} the process died: ${signal ?? code}`;
      settle({ name: "", findings: [{ kind: "the session itself", line }] });
    };
    child.on("message", settle);
    child.on("exit", died);
    child.send({ seed, named: values.named, file: !values.quick, keepIn });
  });
}

function note(seed, { name, findings }) {
  done++;
  if (findings.length > 0) failed++;
  for (const { kind, line } of findings) {
    const one = found.get(kind) ?? { seeds: new Set(), line };
    one.seeds.add(seed);
    found.set(kind, one);
  }
  if (findings.length === 0) return;
  console.log(`\n${seed} (${name}), ${done} of ${sessions}`);
  for (const { line } of findings) console.log(`  ${line}`);
}

function printTable() {
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`\n${failed} of ${done} sessions failed, in ${seconds} s`);
  const kinds = [...found].sort(([, a], [, b]) => b.seeds.size - a.seeds.size);
  for (const [kind, { seeds, line }] of kinds) {
    const some = [...seeds].sort((a, b) => a - b);
    const more = some.length > 12 ? " …" : "";
    console.log(
      `${String(seeds.size).padStart(5)} × ${kind} (${some.slice(0, 12).join(", ")}${more})`,
    );
    console.log(`        ${line}`);
  }
  if (failed > 0) console.log(`\nkept in ${evidence}/senders-<seed>`);
}

/** The program that plays and judges, from the present sources. */
async function bundle() {
  const outfile = path.join(root, "node_modules/.cache/connvo/test/sendersProcess.mjs");
  await build({
    entryPoints: [path.join(root, "test/media/senders/sendersProcess.ts")],
    ...{ outfile, bundle: true, packages: "external", format: "esm", platform: "node" },
    ...{ target: "node20.19", sourcemap: "inline", logLevel: "error" },
  });
  return outfile;
}
