import { closeSync, openSync } from "node:fs";
import { type App, startApp } from "./app/app.ts";
import { StopRequest } from "./app/stopRequest.ts";
import { ConfigError, loadConfig, redactConfig } from "./config/config.ts";
import { aborted } from "./core/aborted.ts";
import { systemClock } from "./core/clock.ts";
import { createLog } from "./observe/log.ts";

/** Exit code for settings that cannot be used (sysexits.h EX_CONFIG). */
const exitConfig = 78;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLog(config.logLevel);
  log.debug({ settings: redactConfig(config) }, "settings");
  const request = new StopRequest({ clock: systemClock, log, giveUp: () => process.exit(1) });
  let app: App | undefined;
  let handOver = false;
  const stop = (signal: string) => request.ask(signal);
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.on("SIGUSR2", (signal) => {
    handOver = true;
    request.ask(signal);
  });
  process.on("SIGHUP", (signal) => {
    if (app?.reloadCertificate && !isTerminalGone()) void app.reloadCertificate();
    else request.ask(signal);
  });
  // Whoever started it with a channel and is gone cannot stop it any more.
  if (process.connected) process.on("disconnect", () => request.ask("disconnect"));
  try {
    app = await startApp(config, log, request.wanted);
    if (process.stdout.isTTY)
      process.stdout.write(`\nConnvo: ${app.url}  (sign in: /sign-in, API: /docs)\n\n`);
    await aborted(request.wanted);
    await app.stop({ hurry: request.hurry, handOver });
  } catch (error) {
    // A start that was interrupted has been taken back.
    if (!request.wanted.aborted) throw error;
  }
  // Node may not come to an end by itself then: it cannot give the terminal its modes back.
  if (isTerminalGone()) process.kill(process.pid, "SIGKILL");
  process.exit();
}

/** SIGHUP of an operator means the certificate; of a terminal that was closed, the end. */
function isTerminalGone(): boolean {
  if (!startedOnTerminal) return false;
  try {
    closeSync(openSync("/dev/tty", "r"));
    return false;
  } catch {
    return true;
  }
}

const startedOnTerminal = process.stdin.isTTY || process.stdout.isTTY;

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`connvo: ${message}\n`);
  process.exit(error instanceof ConfigError ? exitConfig : 1);
});
