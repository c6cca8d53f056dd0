import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { invite, startedMeeting, startRecording, stopRecording } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { hasKeyboard } from "./support/keyboard.ts";
import { RoomWindow } from "./support/roomWindow.ts";

const example = path.resolve(import.meta.dirname, "../../../examples/embed");
const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

inChromium("the meeting in a page of another origin", () => {
  let site: Site;
  let server: ServerProcess;
  let elsewhere: Server;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let ada: Person;
  let grace: Person;
  let meetingId: string;
  const errors: string[] = [];

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    elsewhere = createServer(async ({ url = "/" }, response) => {
      const { pathname } = new URL(url, "http://elsewhere");
      const file = pathname === "/" ? "index.html" : path.basename(pathname);
      const type = types[path.extname(file)] ?? "text/plain";
      const content = await readFile(path.join(example, file)).catch(() => undefined);
      response.writeHead(content === undefined ? 404 : 200, { "content-type": type }).end(content);
    });
    await once(elsewhere.listen(0, "127.0.0.1"), "listening");
    browser = await openChromiumShell();
    ada = await signIn(server.url, "Ada");
    grace = await signIn(server.url, "Grace");
    meetingId = await startedMeeting(ada);
    await invite(ada, grace, meetingId);
    const { port } = elsewhere.address() as AddressInfo;
    const origin = `http://127.0.0.1:${port}`;
    context = await browser.newContext();
    await context.grantPermissions(["camera", "microphone"], { origin });
    page = await context.newPage();
    page.on("pageerror", ({ message }) => errors.push(message));
    await page.goto(`${origin}/?server=${server.url}&meeting=${meetingId}`);
    // Before that its form would be sent as it is: the script that listens to it comes from the server.
    await page.evaluate("customElements.whenDefined('connvo-meeting').then(() => undefined)");
  });

  afterAll(async () => {
    await closeWindows(browser);
    elsewhere?.close();
    await site.close();
  });

  it("has a lobby, and leaves the page's own looks alone", async () => {
    await page.getByLabel("Token").fill(ada.token);
    const look = () =>
      page.evaluate<string[]>(
        `["body", "button"].map((name) => {
          const { fontFamily, backgroundColor } = getComputedStyle(document.querySelector(name));
          return fontFamily + " " + backgroundColor;
        })`,
      );
    const before = await look();
    await page.getByRole("button", { name: "Open the meeting" }).click();
    await page.getByRole("button", { name: "Join now" }).waitFor();
    expect(await look()).toEqual(before);
    const joinColour = await page
      .getByRole("button", { name: "Join now" })
      .evaluate("(button) => getComputedStyle(button).backgroundColor");
    expect(joinColour).not.toBe("rgb(255, 215, 0)");
  });

  it("is a room, and tells its page what happens", async () => {
    await page.getByRole("button", { name: "Join now" }).click();
    await event("joined {}");
    const window = await RoomWindow.join(browser, server.url, grace, meetingId);
    await window.seesAndHears(1);
    await page.getByLabel("Picture of Grace").waitFor({ timeout: 240_000 });
    const { recordingId } = await startRecording(ada, meetingId, { quality: "360p" });
    await event(new RegExp(`^recordingstarted .*${recordingId}`));
    await stopRecording(ada, meetingId);
    await event(`recordingstopped {"recordingId":"${recordingId}"}`);
    await page.getByRole("button", { name: "Leave", exact: true }).click();
    await event("left {}");
    await window.tile("Ada").waitFor({ state: "detached" });
    expect(errors).toEqual([]);
  });

  it("does not answer to keys that are meant for the page", async () => {
    await page.getByRole("button", { name: "Join again" }).click();
    await page.getByRole("button", { name: "Join now" }).click();
    // The lobby has the same button. Once one is in, the room's title takes the keyboard.
    await page.getByRole("button", { name: "Leave", exact: true }).waitFor();
    await hasKeyboard(page.getByRole("heading", { name: "Ada's meeting", level: 1 }));
    const mute = page.getByRole("button", { name: "Mute", exact: true });
    await mute.waitFor();
    await page.getByRole("button", { name: "Open the meeting" }).focus();
    await page.keyboard.press("m");
    expect(await mute.count()).toBe(1);
    await page.getByRole("button", { name: "People", exact: true }).focus();
    await page.keyboard.press("m");
    await page.getByRole("button", { name: "Unmute", exact: true }).waitFor();
  });

  it("says so when the token is not taken", async () => {
    await page.getByLabel("Token").fill("nonsense");
    await page.getByRole("button", { name: "Open the meeting" }).click();
    await event(/^error .*UNAUTHORIZED/);
    await page.getByRole("alert").filter({ hasText: /sign/i }).first().waitFor();
  });

  async function event(text: string | RegExp): Promise<void> {
    await page.locator("#events").getByText(text).first().waitFor({ timeout: 30_000 });
  }
});
