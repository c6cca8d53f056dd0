import { type App, compose } from "./compose.ts";
import { ConfigError, loadConfig, redactConfig } from "./config/config.ts";
import type { Log } from "./core/log.ts";
import { createLog } from "./observe/log.ts";

/** Exit code for settings that cannot be used (sysexits.h EX_CONFIG). */
const exitConfig = 78;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLog(config.logLevel);
  log.debug({ settings: redactConfig(config) }, "settings");
  const starting = compose(config, log);
  heedSignals(starting, log);
  const app = await starting;
  if (process.stdout.isTTY)
    process.stdout.write(`\nConnvo: ${app.url}  (sign in: /sign-in, API: /docs)\n\n`);
}

/** From the beginning: a start that is interrupted is finished and stopped, so that nothing of it is left. */
function heedSignals(starting: Promise<App>, log: Log): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, "stopping; once more to quit at once");
    starting.then(
      (app) => app.stop().finally(() => process.exit()),
      // Told by whoever waits for the start.
      () => undefined,
    );
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.on("SIGHUP", (signal) => {
    starting.then(
      ({ reloadCertificate }) => (reloadCertificate ? void reloadCertificate() : stop(signal)),
      () => undefined,
    );
  });
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`connvo: ${message}\n`);
  process.exit(error instanceof ConfigError ? exitConfig : 1);
});
