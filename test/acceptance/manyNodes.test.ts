import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/db/embedded/start.ts";
import { type GetStreamStandIn, startGetStreamStandIn } from "../../src/synth/getstream/server.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { takeTime } from "../support/patience.ts";
import { type PgBouncer, startPgBouncer } from "../support/pgBouncer.ts";
import { isInstalled } from "../support/programs.ts";
import { type Args, type Person, signIn } from "./support/person.ts";
import { type RunningProxy, startProxy } from "./support/proxy.ts";
import { freePort, type ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { until } from "./support/until.ts";

takeTime();

/** Without the programs the suite is reported as not run, which in CI is a failure. */
describe("nodes with data folders of their own, behind nginx and PgBouncer", () => {
  if (isInstalled("nginx") && isInstalled("pgbouncer")) return suite();
  process.stderr.write("NOT RUN: many nodes; nginx or PgBouncer is not installed\n");
  it("NOT RUN: nginx or PgBouncer is not installed", () => {
    if (process.env["CI"] === "true") throw new Error("CI must have nginx and pgbouncer");
  });
});

const createMeeting = makeFunctionReference<"mutation", Args, { meetingId: string }>(
  "meetings/lifecycle:createMeeting",
);
const listMeetings = makeFunctionReference<"query", Args, { title: string }[]>(
  "meetings/queries:listUserMeetings",
);

function suite(): void {
  let postgres: EmbeddedPostgres;
  let pooler: PgBouncer;
  let cloud: GetStreamStandIn;
  let proxy: RunningProxy;
  let sites: [Site, Site];
  let ports: [number, number];
  let nodes: ServerProcess[];
  let clients: Live[];

  beforeAll(async () => {
    postgres = await usedPostgres();
    pooler = await startPgBouncer(postgres.connection);
    cloud = await startGetStreamStandIn();
    sites = [await openSite({ fresh: true }), await openSite({ fresh: true })];
    ports = [await freePort(), await freePort()];
    // Only to sign in here: an issuer is outside otherwise.
    const [first, second] = sites;
    nodes = [];
    proxy = await startProxy("nginx", ports);
    await startNode(0);
    await cp(path.join(first.dataDir, "keys"), path.join(second.dataDir, "keys"), {
      recursive: true,
    });
    await startNode(1);
    clients = await Promise.all(
      ["Ada", "Ben", "Cleo", "Dan"].map(async (name) => new Live(await signIn(proxy.url, name))),
    );
    for (const client of clients) client.open(proxy.url);
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await proxy.stop();
    await Promise.all(sites.map((site) => site.close()));
    await pooler.stop();
    await postgres.stop();
    await cloud.close();
  });

  async function startNode(which: 0 | 1): Promise<void> {
    const { host, port, user, database } = postgres.connection;
    const direct = `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`;
    const env = {
      DATABASE_URL: pooler.url(database),
      DATABASE_DIRECT_URL: direct,
      // Before 1.21 PgBouncer loses them.
      CONNVO_DATABASE_NAMED_STATEMENTS: "false",
      STREAM_API_KEY: cloud.apiKey,
      STREAM_API_SECRET: cloud.apiSecret,
      CONNVO_STREAM_BASE_URL: cloud.url,
      CONNVO_PUBLIC_URL: proxy.url,
      CONNVO_LOCAL_AUTH_ANYWHERE: "1",
    };
    nodes[which] = await sites[which].start(env, ports[which]);
  }

  /** Everybody makes meetings while something happens; all of it is there once then, and everybody is told of their own. */
  async function nothingIsLost(round: string, happens: () => Promise<void>): Promise<void> {
    const titles = Array.from({ length: 18 }, (_, index) => `${round} ${index}`);
    const created = clients.map((client) =>
      titles.map((title) => client.convex.mutation(createMeeting, { title })),
    );
    await Promise.all(created.map(([first]) => first));
    await happens();
    await Promise.all(created.flat());
    for (const client of clients) {
      await until(`${round}: ${client.person.name} is told`, 60_000, () => {
        const told = new Set(client.titles);
        return titles.every((title) => told.has(title));
      });
      const ours = client.titles.filter((title) => title.startsWith(round));
      expect(ours.sort()).toEqual([...titles].sort());
    }
  }

  it("carry on when one is killed", async () => {
    await nothingIsLost("killed", () => nodes[0]?.kill() ?? Promise.resolve());
    expect(nodes[1]?.output()).not.toContain("noticed late");
    await startNode(0);
  });

  it("carry on when one is stopped for an update, and it comes back", async () => {
    await nothingIsLost("stopped", async () => {
      expect(await nodes[1]?.stop()).toBe(0);
      await startNode(1);
    });
  });

  it("serve everybody while all are replaced, one after the other", async () => {
    const person = clients[0]?.person;
    let ended = false;
    const failures: string[] = [];
    const calls = (async () => {
      let count = 0;
      while (!ended) {
        await person?.query("users/queries:getCurrentUser").catch((error: unknown) => {
          failures.push(`${String(error)} ${String((error as Error).cause)}`);
        });
        count++;
      }
      return count;
    })();
    await nothingIsLost("replaced", async () => {
      for (const which of [0, 1] as const) {
        await nodes[which]?.stop();
        await startNode(which);
      }
    });
    ended = true;
    expect(await calls).toBeGreaterThan(0);
    expect(failures).toEqual([]);
  });
}

/** An unmodified live client of a person, and the titles that it was told last. */
class Live {
  readonly person: Person;
  convex!: ConvexClient;
  titles: string[] = [];

  constructor(person: Person) {
    this.person = person;
  }

  open(url: string): void {
    this.convex = new ConvexClient(url, { skipConvexDeploymentUrlCheck: true, logger: false });
    this.convex.setAuth(async () => this.person.token);
    this.convex.onUpdate(listMeetings, {}, (all) => {
      this.titles = all.map(({ title }) => title);
    });
  }

  close(): Promise<void> {
    return this.convex.close();
  }
}

/** PostgreSQL as an operator would have it: beside the nodes. */
async function usedPostgres(): Promise<EmbeddedPostgres> {
  const dataDir = path.join(await scratchFolder("connvo-nodes-", 0o711), "postgres");
  await promisify(execFile)("cp", ["-a", inject("usedDatabase"), dataDir]);
  return startEmbeddedPostgres({ dataDir, log: silentLog, clock: systemClock });
}
