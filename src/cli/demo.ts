import { explain } from "./demo/demoError.ts";
import { demoCommand } from "./demo/options.ts";
import { createOutput } from "./demo/output.ts";
import { runDemo } from "./demo/runDemo.ts";

/** Exit code of a program ended by Ctrl-C. */
const exitInterrupted = 130;

const interrupted = new AbortController();

function interrupt(): void {
  if (interrupted.signal.aborted) process.exit(exitInterrupted);
  process.stderr.write("\nStopping; once more to quit at once.\n");
  interrupted.abort();
}

function fail(error: unknown): void {
  if (!interrupted.signal.aborted) process.stderr.write(`\n${explain(error)}\n`);
  process.exitCode = interrupted.signal.aborted ? exitInterrupted : 1;
}

process.on("SIGINT", interrupt).on("SIGTERM", interrupt).on("SIGHUP", interrupt);
await demoCommand(async (options) => {
  const output = createOutput(process.stdout);
  const { signal } = interrupted;
  await runDemo(options, { environment: process.env, output, signal }).catch(fail);
}).parseAsync();
// Nothing is left to do; what a native library may still hold must not keep the terminal.
process.exit();
