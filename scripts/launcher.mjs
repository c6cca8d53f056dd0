// npm passes a signal on to the shell in which it runs a script, and that shell does not pass it on; killed, npm passes on nothing.
import { readFileSync } from "node:fs";

const lookMs = 250;

/** Where npm started this program: ends it by SIGTERM, once, when npm or the shell between has gone. */
export function endWithNpm() {
  const script = process.env.npm_lifecycle_script;
  if (script === undefined) return;
  const parent = process.ppid;
  const shell = statusOf(parent)?.command.includes(script) ?? false;
  const npm = shell ? statusOf(parent)?.parent : undefined;
  const watch = setInterval(() => {
    const there = process.ppid === parent && (!shell || statusOf(parent)?.parent === npm);
    if (there) return;
    clearInterval(watch);
    process.kill(process.pid, "SIGTERM");
  }, lookMs);
  watch.unref();
}

/** Linux tells of the parent of a parent; elsewhere shells as npm uses them are replaced by what they start. */
function statusOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { parent, command: readFileSync(`/proc/${pid}/cmdline`, "utf8") };
  } catch {
    return undefined;
  }
}
