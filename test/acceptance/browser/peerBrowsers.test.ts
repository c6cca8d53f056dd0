import type { Browser } from "playwright-core";
import { afterAll, beforeAll, it } from "vitest";
import { invite, startedMeeting } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { inFirefox, openFirefox } from "./support/firefox/firefox.ts";
import { joinInFirefox } from "./support/firefox/firefoxRoom.ts";
import type { FirefoxWindow } from "./support/firefox/firefoxWindow.ts";
import { RoomWindow } from "./support/roomWindow.ts";

const mediaMs = 240_000;

inFirefox("Firefox and Chromium, from one to the other", () => {
  inChromium("in both", () => {
    let site: Site;
    let server: ServerProcess;
    let browser: Browser;
    let people: [Person, Person];
    let meetingId: string;
    let chromium: RoomWindow;
    let firefox: FirefoxWindow;

    beforeAll(async () => {
      site = await openSite();
      server = await site.start({ CONNVO_LOCAL_PLAN: "free" });
      people = [await signIn(server.url, "Ada"), await signIn(server.url, "Grace")];
      meetingId = await startedMeeting(people[0]);
      await invite(people[0], people[1], meetingId);
      browser = await openChromiumShell();
      firefox = await (await openFirefox()).newWindow();
    });

    afterAll(async () => {
      await closeWindows(browser);
      await (await openFirefox()).closeWindows();
      await site.close();
    });

    it("people see and hear each other", async () => {
      chromium = await RoomWindow.join(browser, server.url, people[0], meetingId);
      await joinInFirefox(firefox, server.url, people[1], meetingId);
      await Promise.all([chromium.seesAndHears(1), seesAndHearsAnother(firefox)]);
    });
  });
});

async function seesAndHearsAnother(window: FirefoxWindow): Promise<void> {
  const since = JSON.stringify(await window.evaluate("received()"));
  await until("somebody is seen and heard", mediaMs, async () => {
    return (await window.evaluate<number>(`progress(${since})`)) >= 1;
  });
}
