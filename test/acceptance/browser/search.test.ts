import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { rowsOf } from "../support/database.ts";
import { startedMeeting } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { expectFit } from "./support/accessibility.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { WatchedPage } from "./support/watchedPage.ts";

inChromium("the page on which what was said is found", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let ada: Person;
  let meetingId: string;
  const windows: WatchedPage[] = [];

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromiumShell();
    ada = await signIn(server.url, "Ada");
    meetingId = await startedMeeting(ada);
    const line = { meetingId, confidence: 1, startTime: 1000, endTime: 4000 };
    const text = "We are going to cut the spending on travel by half.";
    await ada.mutation("transcripts/ingestion:ingestTranscriptChunk", { ...line, text });
    await ada.mutation("meetings/lifecycle:endMeeting", { meetingId });
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

  async function open(path: string, { as = ada, width = 1280 } = {}): Promise<Page> {
    const watched = await WatchedPage.open(browser, server.url, {
      viewport: { width, height: 740 },
    });
    windows.push(watched);
    await watched.keepSignedIn(as);
    await watched.page.goto(path);
    return watched.page;
  }

  it("leads by the keyboard from My meetings to what was said, and back to what was looked for", async () => {
    const page = await open("/");
    await page.getByRole("link", { name: "Search", exact: true }).press("Enter");
    const field = page.getByLabel("Words, or what it was about");
    await field.fill("spending");
    await field.press("Enter");
    const found = page.getByRole("link", { name: /cut the spending on travel/ });
    await found.press("Enter");
    await page.waitForURL(`**/meetings/${meetingId}`);
    await page.goBack();
    await found.waitFor();
    expect(await field.inputValue()).toBe("spending");
  });

  it("finds by meaning what was said in other words, once the meeting is over", async () => {
    await until("it is embedded", 120_000, async () => {
      return (await rowsOf(site.dataDir, "SELECT 1 FROM embeddings")).length > 0;
    });
    const page = await open("/search?q=reduce%20the%20costs%20of%20trips");
    await page.getByRole("link", { name: /cut the spending on travel/ }).waitFor();
  });

  it("finds nothing of meetings of others", async () => {
    const eve = await signIn(server.url, "Eve");
    const page = await open("/search?q=spending", { as: eve });
    await page.getByText("Nothing like that was said in your meetings.").waitFor();
  });

  describe.each([1280, 360])("%d wide", (width) => {
    it("has nothing axe objects to, and nothing to scroll sideways for", async () => {
      const page = await open("/search", { width });
      await page.getByLabel("Words, or what it was about").waitFor();
      await expectFit(page);
      await page.goto("/search?q=spending");
      await page.getByText("Found once.").waitFor();
      await expectFit(page);
    });
  });
});
