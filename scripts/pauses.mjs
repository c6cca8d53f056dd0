// Random SIGSTOPs, as a machine gives them that swaps, migrates or is starved (Linux; elsewhere nothing is stopped).
import { readdirSync, readFileSync } from "node:fs";

/** How long a process stands still at most, and between two of them on average, ms. */
const longestMs = 3000;
const betweenMs = 2000;
const lookMs = 200;

/**
 * Stops random descendants of a test run for up to 3 s each. The runner and its workers are left alone: they measure.
 * Processes that outlive their parent stay known. @returns what ends it and lets everything go on
 */
export function keepPausing(runner) {
  if (process.platform !== "linux") return () => undefined;
  const known = new Map();
  const stopped = new Set();
  const watch = setInterval(() => learn(runner, known), lookMs);
  let next;
  const plan = () => {
    next = setTimeout(
      () => {
        pauseOne(known, stopped);
        plan();
      },
      Math.random() * 2 * betweenMs,
    );
  };
  plan();
  return () => {
    clearInterval(watch);
    clearTimeout(next);
    for (const pid of stopped) signal(pid, "SIGCONT");
  };
}

/** Adds the processes two or more steps below the runner; forgets those that have ended. */
function learn(runner, known) {
  const found = processes();
  for (const [pid, { started }] of known)
    if (found.get(pid)?.started !== started) known.delete(pid);
  for (const [pid, one] of found) {
    let depth = 1;
    let { parent } = one;
    while (parent > 1 && parent !== runner && !known.has(parent)) {
      parent = found.get(parent)?.parent ?? 0;
      depth++;
    }
    if (known.has(parent) || (parent === runner && depth > 1)) known.set(pid, one);
  }
}

function processes() {
  const found = new Map();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      found.set(Number(name), { parent: Number(fields[1]), started: fields[19] });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

function pauseOne(known, stopped) {
  const pids = [...known.keys()].filter((pid) => !stopped.has(pid));
  const pid = pids[Math.floor(Math.random() * pids.length)];
  if (pid === undefined || !signal(pid, "SIGSTOP")) return;
  stopped.add(pid);
  setTimeout(() => {
    signal(pid, "SIGCONT");
    stopped.delete(pid);
  }, Math.random() * longestMs);
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
