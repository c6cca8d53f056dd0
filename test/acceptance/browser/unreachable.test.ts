import { afterAll, beforeAll, it } from "vitest";
import { startedMeeting } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { inFirefox, openFirefox } from "./support/firefox/firefox.ts";
import { joinInFirefox, showsInFirefox } from "./support/firefox/firefoxRoom.ts";
import { RoomWindow } from "./support/roomWindow.ts";

/** An address of this machine at which nothing takes media. */
const nowhere = { CONNVO_RTC_PUBLIC_ADDRESS: "127.0.0.9" };
const words = "do not get through";

let site: Site;
let server: ServerProcess;
let host: Person;
let meetingId: string;

beforeAll(async () => {
  site = await openSite();
  server = await site.start(nowhere);
  host = await signIn(server.url, "Ada");
  meetingId = await startedMeeting(host);
});

afterAll(() => site.close());

inChromium("a window of Chromium whose media does not reach the server", () => {
  afterAll(async () => closeWindows(await openChromiumShell()));

  it("says so, and what to do", async () => {
    const window = await RoomWindow.join(await openChromiumShell(), server.url, host, meetingId);
    await window.shows(new RegExp(`${words}.*UDP port`));
  });
});

inFirefox("a window of Firefox whose media does not reach the server", () => {
  afterAll(async () => (await openFirefox()).closeWindows());

  it("says so, and what to do", async () => {
    const window = await (await openFirefox()).newWindow();
    await joinInFirefox(window, server.url, host, meetingId);
    await showsInFirefox(window, words);
  });
});
