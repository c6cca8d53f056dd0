import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import { isInstalled } from "../support/programs.ts";
import { type Launched, launch } from "./support/launch.ts";
import { startedMeeting, startRecording } from "./support/meetings.ts";
import { signIn } from "./support/person.ts";
import { killHard } from "./support/processes.ts";
import { openSite, type Site } from "./support/site.ts";
import { until } from "./support/until.ts";

takeTime();

let site: Site;
let server: Launched;

beforeEach(async () => {
  site = await openSite();
});

afterEach(async () => {
  for (const { pid } of await server.processes()) killHard(pid);
  if (server.launcher.pid) killHard(server.launcher.pid);
  await site.close();
});

const start = async (command: string[], env?: Record<string, string>) => {
  server = launch(command, site.dataDir, env);
  await server.ready();
  expect((await site.processes()).map(({ role }) => role)).toContain("rooms");
};

/** Neither the server nor anything that it started. */
const nothingRuns = () =>
  until("no process is left", 90_000, async () => {
    return (await server.processes()).length + (await site.processes()).length === 0;
  });

const npmStart = ["npm", "start"];
const plain = ["node", "scripts/start.mjs"];
const onTerminal = ["script", "-qec", plain.join(" "), "/dev/null"];

/** To the whole group, as a terminal does. */
const pressControlC = () => process.kill(-(server.launcher.pid ?? 0), "SIGINT");

describe.skipIf(process.platform !== "linux")("nothing is left of a server", () => {
  it.each([
    ["npm start", "SIGTERM", npmStart],
    ["npm start", "SIGKILL", npmStart],
  ] as const)("begun with %s whose process gets %s", async (_name, signal, command) => {
    await start([...command]);
    server.launcher.kill(signal);
    await nothingRuns();
  });

  it("that gets Ctrl-C under npm, and then again and again", async () => {
    await start(npmStart);
    pressControlC();
    const again = setInterval(() => {
      try {
        pressControlC();
      } catch {
        // All have gone.
      }
    }, 300);
    await nothingRuns().finally(() => clearInterval(again));
    expect(server.output()).not.toContain("could not close");
  });

  it.skipIf(!isInstalled("script"))("whose terminal was closed", async () => {
    await start(onTerminal);
    server.launcher.kill("SIGKILL");
    await nothingRuns();
  });

  it("that was recording; the next one goes on with the recording", async () => {
    const running = await site.start();
    const host = await signIn(running.url, "host");
    const meetingId = await startedMeeting(host);
    const { recordingId } = await startRecording(host, meetingId);
    expect(await running.stop()).toBe(0);
    expect(await site.processes()).toEqual([]);
    const next = await site.start({}, Number(new URL(running.url).port));
    expect(next.output()).toContain("room process is up");
    expect(await startRecording(host, meetingId)).toMatchObject({ recordingId });
  });

  it("whose room process does not answer", async () => {
    await start(plain);
    const [rooms] = await site.processes("rooms");
    process.kill(rooms?.pid ?? 0, "SIGSTOP");
    const ended = once(server.launcher, "exit");
    server.launcher.kill("SIGTERM");
    expect(await ended, server.output()).toEqual([0, null]);
    expect(await site.processes()).toEqual([]);
  });
});
