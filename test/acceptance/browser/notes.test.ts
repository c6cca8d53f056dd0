import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { startTcpRelay, type TcpRelay } from "../../support/tcpRelay.ts";
import { invite, startedMeeting, userIdOf } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { expectFit } from "./support/accessibility.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { inFirefox, openFirefox } from "./support/firefox/firefox.ts";
import type { FirefoxWindow } from "./support/firefox/firefoxWindow.ts";
import { RoomWindow } from "./support/roomWindow.ts";
import { WatchedPage } from "./support/watchedPage.ts";

const waitMs = 60_000;
/** Nothing listens there. */
const nowhere = "http://127.0.0.1:1";

let site: Site;
let server: ServerProcess;
let host: Person;
let guest: Person;
let meetingId: string;

async function openServer(): Promise<void> {
  site = await openSite();
  server = await site.start();
  [host, guest] = [await signIn(server.url, "Ada"), await signIn(server.url, "Grace")];
}

async function newMeeting(): Promise<void> {
  meetingId = await startedMeeting(host);
  await invite(host, guest, meetingId);
}

const stored = async () =>
  (await host.query<{ content: string }>("notes/queries:getMeetingNotes", { meetingId })).content;
const areaOf = (page: Page) => page.getByRole("textbox", { name: "Notes of the meeting" });

/** The meeting's page in a window of somebody's own. */
async function open(browser: Browser, person: Person, url = server.url): Promise<WatchedPage> {
  const watched = await WatchedPage.open(browser, url, {});
  await watched.keepSignedIn(person);
  await watched.page.goto(`/meetings/${meetingId}`);
  await areaOf(watched.page).waitFor();
  return watched;
}

const shows = (page: Page, text: string) =>
  until(`the notes are ${JSON.stringify(text)}`, waitMs, async () => {
    return (await areaOf(page).inputValue()) === text;
  });
const caretAt = (page: Page, position: number) =>
  page.evaluate(`((area) => (area.focus(), area.setSelectionRange(${position}, ${position})))(
    document.querySelector("textarea"))`);
const isSaved = (page: Page) => page.getByText("Everything is saved").waitFor({ timeout: waitMs });

inChromium("notes that two write", () => {
  let browser: Browser;
  let relay: TcpRelay;

  beforeAll(async () => {
    await openServer();
    browser = await openChromiumShell();
    relay = await startTcpRelay(server.url);
  });
  beforeEach(newMeeting);
  afterEach(() => closeWindows(browser));
  afterAll(async () => {
    await relay.close();
    await site.close();
  });

  it("are the same for both while they type at once, each at their own words", async () => {
    const [ada, grace] = [(await open(browser, host)).page, (await open(browser, guest)).page];
    await areaOf(ada).fill("Plan: \n\nDone: \n");
    await shows(grace, "Plan: \n\nDone: \n");
    await caretAt(ada, 6);
    await caretAt(grace, 14);
    await Promise.all([
      areaOf(ada).pressSequentially("buy a cake 😀 for everybody", { delay: 20 }),
      areaOf(grace).pressSequentially("the room is booked", { delay: 20 }),
    ]);
    const expected = "Plan: buy a cake 😀 for everybody\n\nDone: the room is booked\n";
    for (const page of [ada, grace]) await shows(page, expected);
    expect(await grace.evaluate("document.querySelector('textarea').selectionStart")).toBe(
      expected.length - 1,
    );
    for (const page of [ada, grace]) await isSaved(page);
    expect(await stored()).toBe(expected);
  });

  it("come together after one was offline, also when their window was closed meanwhile", async () => {
    const ada = (await open(browser, host)).page;
    const away = await open(browser, guest, relay.url);
    await areaOf(ada).fill("one two three");
    await shows(away.page, "one two three");
    relay.redirect(nowhere);
    relay.drop();
    await caretAt(away.page, 7);
    await areaOf(away.page).pressSequentially(" and a half 😀");
    await away.page.getByText("There is no connection").first().waitFor({ timeout: waitMs });
    await areaOf(ada).fill("zero one two three four");
    await isSaved(ada);
    await away.page.close();
    relay.redirect(server.url);
    const again = await away.context.newPage();
    await again.goto(`/meetings/${meetingId}`);
    const expected = "zero one two and a half 😀 three four";
    for (const page of [ada, again]) await shows(page, expected);
    await isSaved(again);
    expect(await stored()).toBe(expected);
    expect(
      await again.evaluate("Object.keys(localStorage).filter((key) => key.includes('notes'))"),
    ).toEqual([]);
  });

  it("lose nothing when the server is killed while somebody types", async () => {
    const { page } = await open(browser, host);
    const { port } = new URL(server.url);
    await areaOf(page).pressSequentially("before ");
    await server.kill();
    await areaOf(page).pressSequentially("meanwhile ");
    await page.getByText("There is no connection").first().waitFor({ timeout: waitMs });
    server = await site.start({}, Number(port));
    await areaOf(page).pressSequentially("after");
    await isSaved(page);
    expect(await stored()).toBe("before meanwhile after");
    expect(await areaOf(page).inputValue()).toBe("before meanwhile after");
  });

  it("can be ticked and downloaded, by the keyboard and by everybody", async () => {
    const { page } = await open(browser, host);
    await areaOf(page).fill("# Plan\n- [ ] Ask Ann\n");
    await areaOf(page).press("Tab");
    await page.keyboard.press("Space");
    await shows(page, "# Plan\n- [x] Ask Ann\n");
    await isSaved(page);
    await page.keyboard.press("Tab");
    const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    expect(file.suggestedFilename()).toMatch(/-notes\.md$/);
    expect(await readFile(await file.path(), "utf8")).toBe("# Plan\n- [x] Ask Ann\n");
    await expectFit(page);
  });

  it("are in the room too", async () => {
    await areaOf((await open(browser, guest)).page).fill("Agenda\n- [ ] Ask Ann");
    const room = await RoomWindow.join(browser, server.url, host, meetingId);
    await room.press("Notes");
    await shows(room.page, "Agenda\n- [ ] Ask Ann");
    await areaOf(room.page).press("Control+End");
    await areaOf(room.page).pressSequentially(" mv");
    await until("it has arrived", waitMs, async () => (await stored()).endsWith("Ann mv"));
    await expectFit(room.page);
    await room.close();
  });
});

inFirefox("notes in Chromium and Firefox at once", () => {
  let browser: Browser;
  let relay: TcpRelay;
  let firefox: FirefoxWindow;

  beforeAll(async () => {
    await openServer();
    await newMeeting();
    browser = await openChromiumShell();
    relay = await startTcpRelay(server.url);
    firefox = await (await openFirefox()).newWindow();
  });
  afterAll(async () => {
    await closeWindows(browser);
    await (await openFirefox()).closeWindows();
    await relay.close();
    await site.close();
  });

  const area = "document.querySelector('textarea')";
  const value = () => firefox.evaluate<string | null>(`${area}?.value ?? null`);
  const typeInFirefox = (text: string, at = "area.value.length") =>
    firefox.evaluate(`((area) => {
      area.focus();
      area.setSelectionRange(${at}, ${at});
      document.execCommand("insertText", false, ${JSON.stringify(text)});
    })(${area})`);

  it("come together, though one is away for a while", async () => {
    const { name, token } = guest;
    const expiresAt = Date.now() + 3_600_000;
    const session = JSON.stringify({ userId: await userIdOf(guest), name, token, expiresAt });
    await firefox.goto(relay.url);
    await firefox.evaluate(`localStorage.setItem("connvo.session", ${JSON.stringify(session)})`);
    await firefox.goto(`${relay.url}/meetings/${meetingId}`);
    await until("Firefox shows the notes", waitMs, async () => (await value()) === "");
    const [one, other] = [(await open(browser, host)).page, (await open(browser, guest)).page];
    await areaOf(one).fill("begin\nend");
    await until("Firefox has them", waitMs, async () => (await value()) === "begin\nend");
    relay.redirect(nowhere);
    relay.drop();
    await Promise.all([caretAt(one, 5), caretAt(other, 9)]);
    await Promise.all([
      areaOf(one).pressSequentially(" of Ada", { delay: 20 }),
      areaOf(other).pressSequentially(" of Grace", { delay: 20 }),
      typeInFirefox("middle 😀\n", "6"),
    ]);
    await until("Firefox says that it is away", waitMs, () =>
      firefox.evaluate<boolean>("document.body.textContent.includes('There is no connection')"),
    );
    await typeInFirefox("\nlast");
    relay.redirect(server.url);
    const expected = /^begin of Ada\nmiddle 😀\nend(?: of Grace\nlast|\nlast of Grace)$/;
    await until("all have arrived", waitMs, async () => expected.test(await stored()));
    const text = await stored();
    for (const page of [one, other]) await shows(page, text);
    await until("Firefox has the same", waitMs, async () => (await value()) === text);
  });
});
