import { compose } from "./compose.ts";
import { ConfigError, loadConfig, redactConfig } from "./config/config.ts";
import { createLog } from "./observe/log.ts";

/** Exit code for settings that cannot be used (sysexits.h EX_CONFIG). */
const exitConfig = 78;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLog(config.logLevel);
  log.debug({ settings: redactConfig(config) }, "settings");
  const app = await compose(config, log);
  if (process.stdout.isTTY)
    process.stdout.write(`\nConnvo: ${app.url}  (sign in: /sign-in, API: /docs)\n\n`);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, "stopping; once more to quit at once");
    void app.stop().finally(() => process.exit());
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  const { reloadCertificate } = app;
  if (reloadCertificate) process.on("SIGHUP", () => void reloadCertificate());
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`connvo: ${message}\n`);
  process.exit(error instanceof ConfigError ? exitConfig : 1);
});
