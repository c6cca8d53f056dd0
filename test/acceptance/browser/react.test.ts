import { randomUUID } from "node:crypto";
import path from "node:path";
import { build as bundle } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { build, preview } from "vite";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { takeTime } from "../../support/patience.ts";
import { startTcpRelay, type TcpRelay } from "../../support/tcpRelay.ts";
import { member as newMember } from "../support/members.ts";
import type { ServerProcess } from "../support/server.ts";
import { lastingSeconds } from "../support/shortToken.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { type PageServer, servePage } from "./support/pageServer.ts";

takeTime();

const example = path.resolve(import.meta.dirname, "../../../examples/react");
const program = path.join(import.meta.dirname, "support/page/reactHooks.jsx");
/** Nobody listens there. */
const nowhere = "http://127.0.0.1:9";

inChromium("Convex's React client, as it is", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let hooks: PageServer;
  let relay: TcpRelay;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    relay = await startTcpRelay(server.url);
    browser = await openChromiumShell();
    const { outputFiles } = await bundle({
      ...{ entryPoints: [program], bundle: true, write: false, format: "esm", jsx: "automatic" },
      define: { "process.env.NODE_ENV": '"production"' },
    });
    hooks = await servePage("reactHooks.js", outputFiles[0]?.text ?? "");
  });

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });

  afterAll(async () => {
    await closeWindows(browser);
    hooks?.close();
    await relay?.close();
    await site.close();
  });

  async function newPage(): Promise<Page> {
    const context = await browser.newContext();
    contexts.push(context);
    return context.newPage();
  }

  /** The page that shows what the hooks give, which reaches the server by the relay. */
  async function open(giveToken: (forced: boolean) => string | Promise<string>): Promise<Page> {
    const page = await newPage();
    await page.exposeFunction("giveToken", giveToken);
    await page.goto(`${hooks.url}#${relay.url}`);
    return page;
  }

  const see = (page: Page, expression: string, expected: unknown) =>
    vi.waitFor(async () => expect(await page.evaluate(expression)).toEqual(expected), {
      timeout: 60_000,
      interval: 100,
    });

  const member = (name: string, orgId: string) => newMember(server.url, name, orgId);

  it("shows a change before it is made, and takes it back when it is refused", async () => {
    const ada = await member("Ada hooks", `org_${randomUUID()}`);
    const page = await open(() => ada.token);
    await see(page, "names", ["Ada hooks"]);
    relay.redirect(nowhere);
    relay.drop();
    await page.evaluate("rename('Ada renamed')");
    await see(page, "names", ["Ada hooks", "Ada renamed"]);
    expect(await page.evaluate("endings")).toEqual([]);
    relay.redirect(server.url);
    await see(page, "endings", ["done"]);
    expect(await page.evaluate("names")).toEqual(["Ada hooks", "Ada renamed"]);

    relay.redirect(nowhere);
    relay.drop();
    await page.evaluate("rename(' ')");
    await see(page, "names.at(-1)", " ");
    relay.redirect(server.url);
    await see(page, "endings", ["done", "VALIDATION_ERROR"]);
    await see(page, "names", ["Ada hooks", "Ada renamed", " ", "Ada renamed"]);
  });

  it("shows pages without a gap and nobody twice, whoever comes and whatever is lost", async () => {
    const orgId = `org_${randomUUID()}`;
    const come = async (from: number, to: number) => {
      for (let one = from; one <= to; one++) await member(`Member ${one} of ${orgId}`, orgId);
    };
    const people = (newest: number, oldest: number) =>
      Array.from({ length: newest - oldest + 1 }, (_, at) => `Member ${newest - at} of ${orgId}`);
    const ada = await member(`Member 1 of ${orgId}`, orgId);
    await come(2, 7);
    const page = await open(() => ada.token);
    await see(page, "people", people(7, 5));
    await page.evaluate("loadMore(2)");
    await see(page, "people", people(7, 3));
    await come(8, 9);
    await see(page, "people", people(9, 3));
    expect(await page.evaluate("status")).toBe("CanLoadMore");

    relay.drop();
    await come(10, 10);
    await see(page, "people", people(10, 3));
    await server.kill();
    server = await site.start({}, Number(new URL(server.url).port));
    await come(11, 11);
    await see(page, "people", people(11, 3));

    await page.evaluate("loadMore(5)");
    await see(page, "people", people(11, 1));
    expect(await page.evaluate("status")).toBe("Exhausted");
    await come(12, 12);
    await see(page, "people", people(12, 1));
  });

  it("asks for another token when one has run out, and goes on", async () => {
    const ada = await member("Ada expires", `org_${randomUUID()}`);
    const short = await lastingSeconds(site.dataDir, ada.token, 5);
    const asked: boolean[] = [];
    const page = await open((forced) => {
      asked.push(forced);
      return asked.length > 2 ? ada.token : short;
    });
    await see(page, "names", ["Ada expires"]);
    await until("another token is asked for", 60_000, () => asked.length > 2);
    expect(asked.slice(0, 3)).toEqual([false, true, true]);
    await ada.mutation("profiles/mutations:updateProfile", { displayName: "Ada goes on" });
    await see(page, "names.at(-1)", "Ada goes on");
  });

  it("makes, starts and records a meeting in the example of React", async () => {
    const outDir = await scratchFolder("connvo-example-");
    vi.stubEnv("CONNVO_URL", server.url);
    const config = { root: example, logLevel: "error" as const, build: { outDir } };
    await build(config);
    const pages = await preview({ ...config, preview: { host: "127.0.0.1", port: 0 } });
    vi.unstubAllEnvs();
    try {
      const page = await newPage();
      await page.goto(pages.resolvedUrls?.local[0] ?? "");
      await page.getByLabel("Your name").fill("React example");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByLabel("Title").fill("Weekly");
      await page.getByRole("button", { name: "Create" }).click();
      await page.getByText("Weekly: scheduled").waitFor();
      await page.getByRole("button", { name: "Record" }).click();
      await page.getByRole("alert").filter({ hasText: "start it first" }).waitFor();
      await page.getByRole("button", { name: "Start" }).click();
      await page.getByText("Weekly: active").waitFor();
      await page.getByRole("button", { name: "Record" }).click();
      await page.getByText("Recording: recording").waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByText("Recording: failed").waitFor();
    } finally {
      await pages.close();
    }
  });
});
