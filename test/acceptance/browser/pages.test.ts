import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  createMeeting,
  startedMeeting,
  startRecording,
  stopRecording,
} from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import { mediaOf, publish } from "../support/publishing.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { eventually } from "../support/until.ts";
import { expectFit } from "./support/accessibility.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { WatchedPage } from "./support/watchedPage.ts";

/** Until some seconds of 720p are composed on a machine that has other things to do, ms. */
const composedMs = 120_000;

inChromium("the pages", () => {
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
    for (const { context } of windows.splice(0)) await context.close();
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  /** A person's window at `path`; signed in already when a person is given. */
  async function open(path: string, person?: Person, options: BrowserContextOptions = {}) {
    const watched = await WatchedPage.open(browser, server.url, options);
    windows.push(watched);
    if (person !== undefined) await watched.keepSignedIn(person);
    await watched.page.goto(path);
    return watched.page;
  }

  const expectNothingOdd = async () => {
    for (const watched of windows) {
      expect(await watched.problems()).toEqual([]);
      expect(watched.foreignRequests).toEqual([]);
    }
  };

  it("lead from the name through a meeting and its link to the second person", async () => {
    const ada = await open("/");
    await ada.getByLabel("Your name").fill("Ada");
    await ada.keyboard.press("Enter");
    await heading(ada, "My meetings");
    await ada.getByRole("button", { name: "New meeting" }).click();
    await ada.getByLabel("Title").fill("Design review");
    await ada.getByRole("button", { name: "Start meeting" }).click();
    await ada.waitForURL("/meet/*");
    const meetingId = ada.url().split("/").at(-1);
    await ada.goto(`/meetings/${meetingId}`);
    await ada.getByRole("button", { name: "Invite people" }).click();
    await ada.getByRole("button", { name: "Make a link" }).click();
    await ada.getByRole("button", { name: "Copy link" }).click();
    await ada.getByText("Copied").waitFor();
    const link = await ada.getByLabel("Link").inputValue();
    expect(await ada.evaluate("navigator.clipboard.readText()")).toBe(link);

    const grace = await open(link);
    await grace.getByText("You are invited to a meeting").waitFor();
    await grace.getByLabel("Your name").fill("Grace");
    await grace.keyboard.press("Enter");
    await heading(grace, "You are invited to a meeting");
    await grace.getByRole("button", { name: "Accept and go in" }).click();
    await grace.waitForURL(`/meet/${meetingId}`);
    await ada.getByRole("button", { name: "Done" }).click();
    await ada.getByRole("listitem").filter({ hasText: "Grace" }).waitFor();

    await ada.getByRole("button", { name: "Invite people" }).click();
    await ada.getByText(/^For 10 people, 1 has come, until .*; made by Ada$/).waitFor();
    await ada.getByRole("button", { name: /^Withdraw the link made today/ }).click();
    await ada.getByRole("region", { name: "Links that work" }).waitFor({ state: "detached" });
    await ada.getByRole("button", { name: "Cancel" }).click();
    await grace.goto(link);
    await grace.getByRole("button", { name: "Accept and go in" }).click();
    await grace.getByRole("alert").waitFor();

    await ada.getByRole("button", { name: "End meeting" }).click();
    await ada.getByRole("dialog").getByRole("button", { name: "End meeting" }).click();
    await ada.getByText(/^Today, .* · \d+ (s|min)$/).waitFor();
    await expectNothingOdd();
  });

  it("show a recording from its start to its file, another version, and its end", async () => {
    const host = await signIn(server.url, "Recording host");
    const meetingId = await startedMeeting(host, { title: "Recorded" });
    const publisher = await publish(server.url, host, meetingId, { media: await mediaOf(0) });
    const page = await open(`/meetings/${meetingId}`, host);
    const { recordingId } = await startRecording(host, meetingId);
    const recordings = page.getByRole("region", { name: "Recordings" });
    await recordings.getByText("Recording now").waitFor();
    await recorded(host, recordingId, 2000);
    await stopRecording(host, meetingId);
    await publisher.close();
    await recordings.getByText("Ready").waitFor({ timeout: composedMs });

    await recordings.getByRole("button", { name: /^Files/ }).click();
    const downloading = page.waitForEvent("download");
    await recordings.getByRole("button", { name: "Download side by side, 720p" }).click();
    expect((await downloading).suggestedFilename()).toMatch(/\.mp4$/);
    await recordings.getByLabel("Another version").selectOption("Sound only");
    await recordings.getByRole("button", { name: "Make it" }).click();
    await recordings
      .getByRole("button", { name: "Download sound only" })
      .waitFor({ timeout: composedMs });

    await recordings.getByRole("link", { name: /^Play/ }).click();
    await page.waitForURL(`/watch/${recordingId}`);
    await heading(page, "Recorded");
    expect(await focused(page)).toBe("Recorded");
    await page.getByRole("link", { name: "The meeting" }).click();
    await recordings.getByRole("button", { name: /^Files/ }).click();
    await recordings.getByRole("button", { name: /^Delete recording/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("Nothing has been recorded").waitFor();
    await expectNothingOdd();
  });

  it("a signed-in person never sees the sign-in, and nobody's name is left after signing out", async () => {
    const person = await signIn(server.url, "Returning");
    const watched = await WatchedPage.open(browser, server.url, {});
    windows.push(watched);
    await watched.keepSignedIn(person);
    await watched.context.addInitScript(`
      globalThis.headings = [];
      new MutationObserver(() => {
        const text = document.querySelector("h1")?.textContent;
        if (text && headings.at(-1) !== text) headings.push(text);
      }).observe(document, { childList: true, subtree: true });
    `);
    const { page } = watched;
    await page.goto("/");
    await page.getByText("No meetings yet").waitFor();
    expect(await page.evaluate("headings")).toEqual(["My meetings"]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await heading(page, "Sign in");
    expect(await page.getByText("Returning").count()).toBe(0);
    expect(await page.evaluate("localStorage.length")).toBe(0);
  });

  it("say that the server is away and mend themselves when it is back", async () => {
    const own = await openSite();
    try {
      const first = await own.start();
      const person = await signIn(first.url, "Patient");
      await createMeeting(person, { title: "Still here" });
      const watched = await WatchedPage.open(browser, first.url, {});
      windows.push(watched);
      await watched.keepSignedIn(person);
      const { page } = watched;
      await page.goto("/");
      await heading(page, "Still here", 3);
      await first.kill();
      await page.getByText("The server cannot be reached").waitFor();
      await heading(page, "Still here", 3);
      await own.start({}, Number(new URL(first.url).port));
      await watched.hasSaid("The server is back", 60_000);
      expect(await page.getByText("cannot be reached").count()).toBe(0);
    } finally {
      await own.close();
    }
  });

  describe("without a sign-in of the server's own", () => {
    it("say how else to sign in, and why a token is not taken", async () => {
      const own = await openSite();
      try {
        const { url } = await own.start({ CONNVO_LOCAL_AUTH: "off" });
        const watched = await WatchedPage.open(browser, url, {});
        windows.push(watched);
        const { page } = watched;
        await page.goto("/");
        await page.getByText("Open the meeting in the product you know it").waitFor();
        await page.getByLabel("Token").fill("not-a-token");
        await page.keyboard.press("Enter");
        await page.getByRole("alert").filter({ hasText: "This is not a token" }).waitFor();
        await expectNothingOdd();
      } finally {
        await own.close();
      }
    });
  });

  describe.each([1280, 360])("%d wide", (width) => {
    const options = { viewport: { width, height: 740 } };

    it("have nothing axe objects to, and nothing to scroll sideways for", async () => {
      const host = await signIn(server.url, "Careful host");
      const meetingId = await startedMeeting(host, {
        title: "A title long enough to wrap on a phone",
      });
      await createMeeting(host, { scheduledAt: Date.now() + 90_000_000 });
      const signedOut = await open("/", undefined, options);
      await signedOut.getByLabel("Your name").press("Enter");
      await signedOut.getByRole("alert").waitFor();
      await expectFit(signedOut);
      const page = await open("/", host, options);
      await heading(page, "To come", 2);
      await expectFit(page);
      await page.getByRole("button", { name: "New meeting" }).click();
      await page.getByLabel("When").selectOption("At a time");
      await expectFit(page);
      await page.goto(`/meetings/${meetingId}`);
      await page.getByRole("listitem").filter({ hasText: "Careful host" }).waitFor();
      await expectFit(page);
      await page.getByRole("button", { name: "Invite people" }).click();
      await page.getByRole("button", { name: "Make a link" }).click();
      await page.getByLabel("Link").waitFor();
      await expectFit(page);
      await page.getByRole("button", { name: "Done" }).click();
      await page.getByRole("button", { name: "Invite people" }).click();
      await page.getByRole("region", { name: "Links that work" }).waitFor();
      await expectFit(page);
      await page.goto("/invite/none");
      await page.getByRole("button", { name: "Accept and go in" }).click();
      await page.getByRole("alert").waitFor();
      await expectFit(page);
      await expectNothingOdd();
    });
  });
});

const heading = (page: Page, name: string, level = 1) =>
  page.getByRole("heading", { name, level, exact: true }).waitFor();

const focused = (page: Page) => page.evaluate("document.activeElement.textContent");

/** Resolves when so much of the recording has been captured. */
function recorded(person: Person, recordingId: string, ms: number): Promise<true> {
  return eventually(`${ms} ms were recorded`, ms + 60_000, async () => {
    const { startedAt } = await person.query<{ startedAt?: number }>(
      "recordings/queries:getRecording",
      { recordingId },
    );
    return startedAt !== undefined && Date.now() - startedAt > ms ? true : undefined;
  });
}
