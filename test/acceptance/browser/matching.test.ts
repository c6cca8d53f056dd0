import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { expectFit } from "./support/accessibility.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { WatchedPage } from "./support/watchedPage.ts";

inChromium("the page on which people are brought together", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  const windows: WatchedPage[] = [];

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromiumShell();
  });

  afterEach(async () => {
    for (const watched of windows.splice(0)) {
      expect(await watched.problems()).toEqual([]);
      expect(watched.foreignRequests).toEqual([]);
      await watched.context.close();
    }
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  async function open(person: Person, path = "/match", width = 1280): Promise<Page> {
    const watched = await WatchedPage.open(browser, server.url, {
      viewport: { width, height: 740 },
    });
    windows.push(watched);
    await watched.keepSignedIn(person);
    await watched.page.goto(path);
    return watched.page;
  }

  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

  /** By the keyboard alone. */
  async function enter(page: Page, interest: string): Promise<void> {
    await page.getByLabel(interest, { exact: true }).press("Space");
    await button(page, "Find somebody").press("Enter");
  }

  it("leads two people by the keyboard into one meeting, each told at once what the other does", async () => {
    const [ada, ben] = [
      await signIn(server.url, "Ada waits"),
      await signIn(server.url, "Ben waits"),
    ];
    const [adas, bens] = [await open(ada, "/"), await open(ben)];
    await adas.getByRole("link", { name: "Meet somebody" }).press("Enter");
    await enter(adas, "Sustainability");
    await adas.getByText("You have place 1 in the queue.").waitFor();
    await enter(bens, "Sustainability");
    await adas.getByRole("heading", { name: "Ben waits" }).waitFor();
    await bens.getByRole("heading", { name: "Ada waits" }).waitFor();
    await bens.getByText("Both are interested in Sustainability").waitFor();
    await button(adas, "Accept").press("Enter");
    await bens.getByText(/^Ada waits has said yes/).waitFor();
    await button(bens, "Accept").press("Enter");
    await adas.getByText("You have both said yes.").waitFor();
    await button(adas, "Start the meeting").press("Enter");
    await adas.waitForURL("**/meet/*");
    await bens.getByRole("link", { name: "Join the meeting" }).press("Enter");
    await bens.waitForURL("**/meet/*");
    expect(new URL(bens.url()).pathname).toBe(new URL(adas.url()).pathname);
    for (const page of [adas, bens]) await button(page, "Join now").click();
    const meetingId = new URL(adas.url()).pathname.split("/").at(-1);
    await until("both are there", 60_000, async () => {
      const people = await ada.query<{ presence: string }[]>(
        "meetings/queries:listMeetingParticipants",
        { meetingId },
      );
      return people.filter(({ presence }) => presence === "joined").length === 2;
    });
  });

  it("gives who is declined their place back, and says so", async () => {
    const [eve, dan] = [
      await signIn(server.url, "Eve waits"),
      await signIn(server.url, "Dan waits"),
    ];
    const [eves, dans] = [await open(eve), await open(dan)];
    await enter(eves, "Entrepreneurship");
    await enter(dans, "Entrepreneurship");
    await button(dans, "Decline").press("Enter");
    await eves.getByText(/You have your old place in the queue again/).waitFor();
    await button(dans, "Find somebody").waitFor();
    await button(eves, "Stop waiting").press("Enter");
    await button(eves, "Find somebody").waitFor();
  });

  describe.each([1280, 360])("%d wide", (width) => {
    it("has nothing axe objects to, and nothing to scroll sideways for", async () => {
      const [one, other] = [
        await signIn(server.url, `Careful reader ${width}`),
        await signIn(server.url, `Careful partner ${width}`),
      ];
      const page = await open(one, "/match", width);
      await button(page, "Find somebody").click();
      await page.getByText("Choose at least one.").waitFor();
      await expectFit(page);
      await enter(page, "Product management");
      await page.getByText("You have place 1 in the queue.").waitFor();
      await expectFit(page);
      const partners = await open(other, "/match", width);
      await enter(partners, "Product management");
      await button(page, "Accept").waitFor();
      await expectFit(page);
      await button(page, "Decline").click();
      await button(page, "Find somebody").waitFor();
      await button(partners, "Stop waiting").click();
      await page.goto("/");
      await page.getByRole("link", { name: "Meet somebody" }).waitFor();
      await expectFit(page);
    });
  });
});
