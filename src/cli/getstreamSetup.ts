import { Command } from "commander";
import { loadConfig } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import { StreamApi } from "../video/getstream/api.ts";
import { type HookOutcome, setUpHook } from "../video/getstream/hooks.ts";
import { runCommand } from "./databaseCommand.ts";

const words: Record<HookOutcome, string> = {
  present: "Stream delivers its events there.",
  added: "Stream delivers its events there from now on.",
  changed: "The hook was there, but off or for some events only; it delivers everything now.",
  missing: "No hook of Stream's leads there. Run the same without --check to add one.",
  wrong: "A hook leads there, but it is off or for some events only. Run the same without --check.",
  by_hand:
    "Stream also has hooks to SQS or SNS, whose credentials could be lost if the list was written back. " +
    "Add a webhook for all video events to this address in Stream's dashboard instead.",
};

const command = new Command("getstream:setup")
  .description("Has GetStream deliver its events to this server; other hooks stay as they are.")
  .requiredOption("--url <url>", "https://<your host>/webhooks/getstream")
  .option("--check", "change nothing, only say how it is", false)
  .action(async ({ url, check }: { url: string; check: boolean }) => {
    const {
      streamApiKey: apiKey,
      streamApiSecret: apiSecret,
      streamBaseUrl,
    } = loadConfig(process.env);
    if (apiKey === undefined || apiSecret === undefined)
      throw new Error("STREAM_API_KEY and STREAM_API_SECRET are needed.");
    if (!URL.canParse(url) || !new URL(url).pathname.endsWith("/webhooks/getstream"))
      throw new Error("--url is the address of this server, ending in /webhooks/getstream.");
    const api = new StreamApi({ apiKey, apiSecret, baseUrl: streamBaseUrl, clock: systemClock });
    const outcome = await setUpHook(api, url, { check });
    process.stdout.write(`${url}\n${words[outcome]}\n`);
    if (["missing", "wrong", "by_hand"].includes(outcome)) process.exitCode = 1;
  });

void runCommand(command);
