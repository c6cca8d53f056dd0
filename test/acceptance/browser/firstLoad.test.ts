import { stat } from "node:fs/promises";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { WatchedPage } from "./support/watchedPage.ts";

/** Of script, by gzip: what somebody waits for on a slow line before they see anything. */
const mostBytes = 100_000;

/** React alone is more: less than that was not a page. */
const leastBytes = 60_000;

/** Fetched ahead, once the page can be used. */
const fetchedAhead = /^(CreateMeeting|Dialog)-/;

inChromium("the first load", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromiumShell();
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  /** Opens `/` with an empty cache. @returns bytes by gzip of each script, by its name, when `awaited` is shown */
  async function scriptsOf(awaited: string, person?: Person): Promise<Record<string, number>> {
    const watched = await WatchedPage.open(browser, server.url, {});
    try {
      if (person !== undefined) await watched.keepSignedIn(person);
      const scripts = new Set<string>();
      watched.page.on("request", (request) => {
        const { pathname } = new URL(request.url());
        if (pathname.endsWith(".js")) scripts.add(pathname);
      });
      await watched.page.goto("/");
      await watched.page.getByText(awaited).waitFor();
      const sizes = [...scripts].map(async (script): Promise<[string, number]> => {
        const file = path.join(path.dirname(inject("serverProgram")), "web", `${script}.gz`);
        return [path.basename(script), (await stat(file)).size];
      });
      return Object.fromEntries(await Promise.all(sizes));
    } finally {
      await watched.context.close();
    }
  }

  const sum = (sizes: Record<string, number>) =>
    Object.entries(sizes)
      .filter(([name]) => !fetchedAhead.test(name))
      .reduce((bytes, [, size]) => bytes + size, 0);

  it("is less than 100 kB of script for whoever is not signed in, and nothing of the live client", async () => {
    const sizes = await scriptsOf("Your name");
    expect(sum(sizes), JSON.stringify(sizes)).toBeGreaterThan(leastBytes);
    expect(sum(sizes), JSON.stringify(sizes)).toBeLessThan(mostBytes);
    expect(Object.keys(sizes).join(" ")).not.toContain("SignedIn");
  });

  it("is less than 100 kB of script for whoever is signed in", async () => {
    const sizes = await scriptsOf("No meetings yet", await signIn(server.url, "Returning"));
    expect(sum(sizes), JSON.stringify(sizes)).toBeGreaterThan(leastBytes);
    expect(sum(sizes), JSON.stringify(sizes)).toBeLessThan(mostBytes);
    expect(Object.keys(sizes).join(" ")).toContain("SignedIn");
  });
});
