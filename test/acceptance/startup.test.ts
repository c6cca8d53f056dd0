import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { keepOutput } from "../support/evidence/processOutput.ts";
import { takeTime } from "../support/patience.ts";
import { startedMeeting } from "./support/meetings.ts";
import { signIn } from "./support/person.ts";
import { processesOf } from "./support/processes.ts";
import { freePort, spawnServer } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { until } from "./support/until.ts";

takeTime();

let site: Site;

beforeEach(async () => {
  site = await openSite();
});

afterEach(() => site.close());

const nothingRuns = () =>
  until("no process is left", 60_000, async () => (await site.processes()).length === 0);

describe("a server on nothing", () => {
  beforeEach(async () => {
    site = await openSite({ fresh: true });
  });

  it("tells that it is alive and ready, and what it is", async () => {
    const server = await site.start();
    for (const address of ["/healthz", "/readyz"])
      expect((await fetch(`${server.url}${address}`)).status).toBe(200);
    expect(server.output()).toMatch(/"url":"http:\/\/127\.0\.0\.1:\d+".*"msg":"ready"/);
  });

  it("asked to stop while it starts, leaves nothing", async () => {
    const { dataDir } = site;
    const program = inject("serverProgram");
    const child = spawnServer({ program, dataDir, port: await freePort() });
    const output = keepOutput("server", child);
    const exited = once(child, "close");
    await until("it works on its database", 60_000, async () => {
      return (await processesOf(dataDir)).some(({ role }) => role === "postgres");
    });
    child.kill("SIGTERM");
    expect(await exited, output()).toEqual([0, null]);
    await nothingRuns();
  });
});

describe("a server", () => {
  it("stops at once when asked to, and comes back with everything", async () => {
    const first = await site.start();
    const host = await signIn(first.url, "host");
    const meetingId = await startedMeeting(host);
    expect(await first.stop()).toBe(0);
    await nothingRuns();
    const port = Number(new URL(first.url).port);
    await site.start({}, port);
    // The token is still good: keys and users are kept.
    expect(await host.query("meetings/queries:getMeeting", { meetingId })).toMatchObject({
      _id: meetingId,
      state: "active",
    });
  });

  it("does not start with a setting it does not know, and names the one that was meant", async () => {
    await expect(site.start({ CONNVO_LOG_LEVLE: "debug" })).rejects.toThrow(
      /exited with 78:[\s\S]*CONNVO_LOG_LEVLE[\s\S]*CONNVO_LOG_LEVEL/,
    );
  });

  it("does not quote a secret it cannot use", async () => {
    const failed: unknown = await site
      .start({ CONNVO_ADMIN_KEY: "tooshort" })
      .catch((error: unknown) => error);
    expect(String(failed)).toMatch(/exited with 78:[\s\S]*CONNVO_ADMIN_KEY/);
    expect(String(failed)).not.toContain("tooshort");
  });

  it("does not start on a port that is taken, and takes down what it began", async () => {
    const other = await openSite({ fresh: true });
    const server = await other.start();
    const port = Number(new URL(server.url).port);
    await expect(site.start({}, port)).rejects.toThrow(/exited with 1:[\s\S]*EADDRINUSE/);
    await nothingRuns();
    await other.close();
  });

  it("does not start without its database, and does not wait for ever", async () => {
    const env = { DATABASE_URL: "postgres://nobody:hidden-password@127.0.0.1:1/none" };
    const failed: unknown = await site.start(env).catch((error: unknown) => error);
    expect(String(failed)).toMatch(/exited with 1:/);
    expect(String(failed)).not.toContain("hidden-password");
    await nothingRuns();
  });
});
