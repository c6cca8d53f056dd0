import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, it } from "vitest";
import { closeWindows, inChromium, openChromium } from "../acceptance/browser/support/chromium.ts";
import { rowsOf } from "../acceptance/support/database.ts";
import {
  hasEnded,
  invite,
  startedMeeting,
  startRecording,
  stopRecording,
} from "../acceptance/support/meetings.ts";
import { type Person, signIn } from "../acceptance/support/person.ts";
import type { ServerProcess } from "../acceptance/support/server.ts";
import { openSite, type Site } from "../acceptance/support/site.ts";
import { until } from "../acceptance/support/until.ts";
import { type Name, openAs, say } from "./person.ts";
import { take } from "./picture.ts";

/** Until what was said is written down, on a machine that has other things to do, ms. */
const heardMs = 300_000;

const notes = `# Sense and Sensibility, chapter 1

Ill-disposed, or merely weak?

- [x] Read chapter 1
- [x] Find the passage on his promise
- [ ] Grace: who persuades him?
- [ ] Alan: chapter 2 for next week`;

inChromium("the pictures of the documentation", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let ada: Person;
  let meetingId: string;
  let recordingId: string;
  const pages = new Map<Name, Page>();

  beforeAll(async () => {
    site = await openSite();
    // The player is shown as it is right after the stop.
    server = await site.start({ CONNVO_COMPOSE_JOBS: "0" });
    browser = await openChromium();
    ada = await signIn(server.url, "Ada Lovelace");
    meetingId = await startedMeeting(ada, { title: "Book club" });
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  /** Somebody's window before the meeting's door. */
  async function come(name: Name, size: readonly [number, number]): Promise<Page> {
    const person = name === ada.name ? ada : await signIn(server.url, name);
    if (person !== ada) await invite(ada, person, meetingId);
    const page = await openAs(browser, server.url, { person, address: `/meet/${meetingId}`, size });
    await page.getByLabel("Your camera").waitFor();
    pages.set(name, page);
    return page;
  }

  async function join(page: Page): Promise<void> {
    await press(page, "Join now");
    await page.getByRole("button", { name: "Leave", exact: true }).waitFor();
  }

  const pageOf = (name: Name) => pages.get(name) as Page;

  it("the lobby of a meeting that is recorded", async () => {
    await join(await come("Ada Lovelace", [1280, 760]));
    ({ recordingId } = await startRecording(ada, meetingId, { quality: "720p", layout: "grid" }));
    await join(await come("Grace Hopper", [480, 320]));
    await whileSpeaking("Grace Hopper", "leisure");
    await join(await come("Mary Keller", [480, 320]));
    const page = await come("Alan Turing", [1280, 760]);
    await page.getByText("Mary Keller are here").waitFor();
    await page.getByText("This meeting is being recorded.").waitFor();
    const said = say(page, "leisure");
    await shows(page, `document.querySelector("meter").value > 0.15`);
    await take(page, "lobby");
    await said;
    await page.setViewportSize({ width: 480, height: 320 });
    await join(page);
  });

  it("the room, while somebody speaks", async () => {
    const page = pageOf("Ada Lovelace");
    await press(pageOf("Alan Turing"), "Mute");
    await shows(
      page,
      `(([...videos]) => videos.length === 4 && videos.every(({ currentTime }) => currentTime > 2))
        (document.querySelectorAll("video"))`,
    );
    await page.mouse.move(640, 5);
    // What is said in passing is no part of a picture.
    await page.locator(".toast").waitFor({ state: "detached" });
    await whileSpeaking("Grace Hopper", "youngMan", () => take(page, "room"));
  });

  it("the notes beside it", async () => {
    const page = pageOf("Ada Lovelace");
    await press(page, "Notes");
    await page.getByRole("textbox", { name: "Notes of the meeting" }).fill(notes);
    await page.getByText("Everything is saved").waitFor();
    await page.getByRole("heading", { name: "Notes" }).focus();
    await page.mouse.move(640, 5);
    await whileSpeaking("Mary Keller", "coldHearted", () => take(page, "notes"));
    await say(page, "amiable");
  });

  it("the player with what was said", async () => {
    await stopRecording(ada, meetingId, recordingId);
    await closeWindows(browser);
    await hasEnded(ada, recordingId);
    await until("all was heard", heardMs, async () => {
      const [row] = await rowsOf<{ state: string }>(
        site.dataDir,
        "SELECT state FROM recording_transcripts WHERE recording_id = $1",
        [recordingId],
      );
      return row?.state === "finished";
    });
    const page = await openAs(browser, server.url, {
      person: ada,
      address: `/watch/${recordingId}`,
      size: [1000, 1196],
    });
    await page.getByRole("button", { name: /captions/i }).click();
    await page
      .getByRole("button", { name: /^Grace Hopper, at/ })
      .first()
      .click();
    const player = `document.querySelector("connvo-playback")`;
    await page.evaluate(`${player}.play()`);
    // The first pictures of somebody who has just come are coarse.
    await shows(page, `${player}.currentTime > 6`);
    await page.evaluate(`${player}.pause()`);
    await page.mouse.move(640, 5);
    await page.evaluate("scrollTo(0, 0)");
    await take(page, "player");
  });

  /** Looks while somebody is seen to speak, and waits until they have finished. */
  async function whileSpeaking(
    name: Name,
    sentence: Parameters<typeof say>[1],
    look: () => Promise<void> = async () => undefined,
  ): Promise<void> {
    const said = say(pageOf(name), sentence);
    await pageOf("Ada Lovelace").locator(".tile--speaking", { hasText: name }).waitFor();
    await look();
    await said;
  }
});

const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

/** Waits until an expression is true in the page. */
const shows = (page: Page, expression: string) =>
  until(`it is so: ${expression}`, 60_000, () => page.evaluate<boolean>(expression));
