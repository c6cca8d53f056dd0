import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMeeting, invite, startedMeeting, userIdOf } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { expectFit } from "./support/accessibility.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { WatchedPage } from "./support/watchedPage.ts";

inChromium("what to take from a meeting", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let ada: Person;
  let ben: Person;

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromiumShell();
    ada = await signIn(server.url, "Ada");
    ben = await signIn(server.url, "Ben");
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  async function open(person: Person, path: string): Promise<WatchedPage> {
    const watched = await WatchedPage.open(browser, server.url, {
      viewport: { width: 1280, height: 740 },
    });
    await watched.keepSignedIn(person);
    await watched.page.goto(path);
    return watched;
  }

  async function close(watched: WatchedPage): Promise<void> {
    expect(await watched.problems()).toEqual([]);
    await watched.context.close();
  }

  /** Ada and Ben meet, say this to each other, and end the meeting. */
  async function met(said: readonly (readonly [Person, string])[]): Promise<string> {
    const meetingId = await startedMeeting(ada, { title: "Release" });
    await invite(ada, ben, meetingId);
    const fromMs = Date.now() - 60_000;
    for (const [index, [person, text]] of said.entries())
      await person.mutation("transcripts/ingestion:ingestTranscriptChunk", {
        ...{ meetingId, text, confidence: 1, language: "en" },
        ...{ startTime: fromMs + index * 4_000, endTime: fromMs + index * 4_000 + 3_000 },
        speakerId: await userIdOf(person),
      });
    await ada.mutation("meetings/lifecycle:endMeeting", { meetingId });
    return meetingId;
  }

  it("is on its page, their own for each, and taken back", async () => {
    const meetingId = await met([
      [ada, "The login page of the mobile app is broken on Android phones."],
      [ben, "I will fix the login page by Thursday."],
      [ada, "We decided to move the release of the mobile app to Friday."],
    ]);
    const host = await open(ada, `/meetings/${meetingId}`);
    const insights = host.page.getByRole("region", { name: "Insights" });
    await insights.getByRole("button", { name: "Make them now" }).click();
    await insights.getByText("Ben: fix the login page (by Thursday)").waitFor();
    await insights.getByText(/word for word from the transcript/).waitFor();

    const other = await open(ben, `/meetings/${meetingId}`);
    const own = other.page.getByRole("region", { name: "Insights" });
    await own.getByText("fix the login page (by Thursday)").waitFor();
    await own.getByRole("button", { name: "Yes" }).click();
    await own.getByText("Thank you").waitFor();
    for (const { page } of [host, other])
      for (const size of [
        { width: 390, height: 844 },
        { width: 1280, height: 740 },
      ]) {
        await page.setViewportSize(size);
        await expectFit(page);
      }
    await own.getByRole("button", { name: "Delete" }).click();
    await other.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await own.getByText(/There are none/).waitFor();
    await insights.getByText("Ben: fix the login page (by Thursday)").waitFor();
    await Promise.all([close(host), close(other)]);
  });

  it("is what they could talk about the next time", async () => {
    const meetingId = await createMeeting(ada, { title: "Next release" });
    await invite(ada, ben, meetingId);
    const { page, ...watched } = await open(ada, `/meetings/${meetingId}`);
    const ideas = page.getByRole("region", { name: "To talk about" });
    await ideas.getByRole("button", { name: "Ideas for this meeting" }).click();
    const left = ideas.getByText(/fix the login page \(by Thursday\)/);
    await left.waitFor();
    await expectFit(page);
    await ideas.getByRole("button", { name: /^Dismiss.*login page/ }).click();
    await left.waitFor({ state: "detached" });
    await watched.context.close();
  });
});
