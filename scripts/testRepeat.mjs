// `npm run test:repeat -- <filter> … --times N [--busy] [--pauses]`: looks for rare failures. Runs the tests again and again
// and prints which failed how often and where the evidence is.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { build, root } from "./build.mjs";
import { keepPausing } from "./pauses.mjs";

const usage = `Usage: npm run test:repeat -- <filter> … --times N [--busy] [--pauses] [--project NAME] [--testNamePattern TEXT]
  --times N   how often (default 10)
  --busy      keep all cores busy
  --pauses    stop random processes under test (SIGSTOP) for up to 3 s
  the rest is passed to Vitest`;

const { values, positionals, tokens } = parseArgs({
  allowPositionals: true,
  strict: false,
  tokens: true,
  options: {
    times: { type: "string", default: "10" },
    busy: { type: "boolean", default: false },
    pauses: { type: "boolean", default: false },
  },
});
const times = Number(values.times);
if (positionals.length === 0 || !Number.isInteger(times) || times < 1) {
  console.error(usage);
  process.exit(2);
}
const ours = new Set(["times", "busy", "pauses"]);
const passed = tokens.flatMap((token) => {
  if (token.kind === "positional") return [token.value];
  if (token.kind !== "option" || ours.has(token.name)) return [];
  return token.inlineValue ? [`${token.rawName}=${token.value}`] : [token.rawName];
});

const folder = mkdtempSync(path.join(os.tmpdir(), "connvo-repeat-"));
const report = path.join(folder, "report.json");
const failures = new Map();
const seconds = [];
const spinners = [];
let failedRuns = 0;

let stopPausing = () => undefined;

function end() {
  stopPausing();
  for (const busy of spinners) busy.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    printTable();
    end();
    process.exit(1);
  });

/** Keeps one core busy for as long as its parent lives. */
const spinner =
  "const { ppid } = process; while (process.ppid === ppid) for (let i = 0; i < 1e7; i++);";

await build();
if (values.busy)
  for (let core = 0; core < os.availableParallelism(); core++)
    spinners.push(spawn(process.execPath, ["-e", spinner], { stdio: "ignore" }));

for (let run = 1; run <= times; run++) {
  const began = performance.now();
  const status = await runOnce();
  const took = (performance.now() - began) / 1000;
  seconds.push(took);
  if (status !== 0) failedRuns++;
  note(run);
  console.log(`run ${run} of ${times}: ${status === 0 ? "green" : "RED"} in ${took.toFixed(0)} s`);
}
printTable();
end();
process.exit(failedRuns === 0 ? 0 : 1);

/** Resolves with the exit code. */
function runOnce() {
  rmSync(report, { force: true });
  const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=dot", "--reporter=json", `--outputFile.json=${report}`];
  const child = spawn(process.execPath, [vitest, "run", ...passed, ...reporters], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (values.pauses) stopPausing = keepPausing(child.pid);
  return new Promise((resolve) => {
    child.once("close", (code) => {
      stopPausing();
      resolve(code ?? 1);
    });
  });
}

/** Remembers what failed, by its name. */
function note(run) {
  let results = [];
  try {
    results = JSON.parse(readFileSync(report, "utf8")).testResults;
  } catch {
    add("the run itself: no report", run, "");
  }
  for (const { name, status, message, assertionResults } of results) {
    const file = path.relative(root, name);
    const failed = assertionResults.filter((one) => one.status === "failed");
    for (const { fullName, failureMessages } of failed)
      add(`${file}: ${fullName}`, run, failureMessages[0] ?? "");
    if (status === "failed" && failed.length === 0)
      add(`${file}: outside of its tests`, run, message);
  }
}

function add(test, run, message) {
  const found = failures.get(test) ?? { runs: [], messages: new Set() };
  found.runs.push(run);
  found.messages.add(message.split("\n").find((line) => line.trim() !== "") ?? "");
  for (const [line] of message.matchAll(/^evidence: .*$/gm)) found.messages.add(line);
  failures.set(test, found);
}

function printTable() {
  const spread = [...seconds].sort((a, b) => a - b);
  const median = spread[Math.floor(spread.length / 2)] ?? 0;
  console.log(
    `\n${failedRuns} of ${seconds.length} runs red; a run took ${median.toFixed(0)} s (median)`,
  );
  for (const [test, { runs, messages }] of failures) {
    console.log(`\n${runs.length} × ${test} (runs ${runs.join(", ")})`);
    for (const message of messages) console.log(`    ${message}`);
  }
}
