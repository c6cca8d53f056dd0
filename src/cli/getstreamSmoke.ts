import { Command } from "commander";
import { loadConfig } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import { silentLog } from "../core/log.ts";
import { StreamApi } from "../video/getstream/api.ts";
import { GetStreamVideoProvider } from "../video/getstream/provider.ts";
import { smokeSteps } from "../video/getstream/smoke.ts";
import { runCommand } from "./databaseCommand.ts";

const say = (line: string) => process.stdout.write(`${line}\n`);

const command = new Command("smoke:getstream")
  .description(
    "Tries a GetStream account step by step, with a call of its own that is deleted again.",
  )
  .action(async () => {
    const { streamApiKey, streamApiSecret, streamBaseUrl: baseUrl } = loadConfig(process.env);
    const clock = systemClock;
    const hasKeys = streamApiKey !== undefined && streamApiSecret !== undefined;
    const options = {
      ...{ apiKey: streamApiKey ?? "none", apiSecret: streamApiSecret ?? "none", baseUrl, clock },
    };
    const provider = new GetStreamVideoProvider({ ...options, log: silentLog });
    const steps = smokeSteps({ api: new StreamApi(options), provider, now: clock.now });
    if (!hasKeys) {
      say("With STREAM_API_KEY and STREAM_API_SECRET this would be tried at Stream:");
      for (const [index, { name }] of steps.entries()) say(`${index + 1}. ${name}`);
      return;
    }
    let failed = 0;
    for (const { name, run } of steps) {
      const outcome = await run().catch((error: unknown) => {
        failed++;
        return `FAILED: ${error instanceof Error ? error.message : String(error)}`;
      });
      say(`${name}: ${outcome}`);
    }
    say(failed === 0 ? "All of it works." : `${failed} of ${steps.length} steps failed.`);
    process.exitCode = failed === 0 ? 0 : 1;
  });

void runCommand(command);
