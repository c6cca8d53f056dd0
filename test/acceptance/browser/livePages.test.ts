import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMeeting, invite } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { WatchedPage } from "./support/watchedPage.ts";

/** Until a client that asks ever less often has found a server that is back, ms. */
const backMs = 60_000;

inChromium("a change in one window", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let ada: Page;
  let grace: Page;
  const calls: string[] = [];

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromiumShell();
    const [host, guest] = [await signIn(server.url, "Ada"), await signIn(server.url, "Grace")];
    for (const title of ["First", "Second"]) {
      const meetingId = await createMeeting(host, { title });
      await invite(host, guest, meetingId);
    }
    ada = await open(host);
    grace = await open(guest);
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  async function open(person: Person): Promise<Page> {
    const watched = await WatchedPage.open(browser, server.url, {});
    await watched.keepSignedIn(person);
    const { page } = watched;
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith("/api/")) calls.push(pathname);
    });
    await page.goto("/");
    await titled(page, "To come", "Second");
    await page.evaluate("globalThis.loaded = 1");
    return page;
  }

  /** Ada goes to a meeting of her list, cancels it, and goes back. */
  async function cancel(title: string): Promise<void> {
    await ada.getByRole("link", { name: title, exact: true }).click();
    await ada.getByRole("button", { name: "Cancel meeting" }).click();
    await ada.getByRole("dialog").getByRole("button", { name: "Cancel meeting" }).click();
    await ada.getByRole("dialog").waitFor({ state: "detached" });
    await ada.getByRole("link", { name: "My meetings" }).click();
  }

  const titled = (page: Page, region: string, title: string) =>
    page.getByRole("region", { name: region }).getByRole("heading", { name: title }).waitFor();
  const isPast = (page: Page, title: string) => titled(page, "Past", title);

  it("is seen in the other at once, without loading or asking again", async () => {
    await cancel("First");
    await isPast(ada, "First");
    await isPast(grace, "First");
    expect(calls).toEqual([]);
  });

  it("also after the server was killed and came back", async () => {
    const { port } = new URL(server.url);
    await server.kill();
    for (const page of [ada, grace])
      await page.getByText("The server cannot be reached").waitFor({ timeout: backMs });
    server = await site.start({}, Number(port));
    for (const page of [ada, grace])
      await page.getByText("cannot be reached").waitFor({ state: "detached", timeout: backMs });
    await cancel("Second");
    await isPast(grace, "Second");
    expect(calls).toEqual([]);
    expect(await Promise.all([ada, grace].map((page) => page.evaluate("loaded")))).toEqual([1, 1]);
  });
});
