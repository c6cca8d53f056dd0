import { afterAll, beforeAll, expect, it } from "vitest";
import { startedMeeting } from "../support/meetings.ts";
import { signIn } from "../support/person.ts";
import { roomToken, whipUrl } from "../support/publishing.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import type { Window } from "./support/drawnPerson.ts";
import { inFirefox, openFirefox } from "./support/firefox/firefox.ts";
import { ownAddress } from "./support/ownAddress.ts";
import { type PageServer, servePage } from "./support/pageServer.ts";

interface Sent {
  rid: string;
  frames: number;
}

inChromium("a camera that Chromium offers in three sizes", () => {
  takesTheLargest(async () => {
    const browser = await openChromiumShell();
    const page = await browser.newPage();
    return {
      window: { goto: (url) => page.goto(url), evaluate: (it) => page.evaluate(it) },
      close: () => closeWindows(browser),
    };
  });
});

inFirefox("a camera that Firefox offers in three sizes", () => {
  takesTheLargest(
    async () => {
      const firefox = await openFirefox();
      return { window: await firefox.newWindow(), close: () => firefox.closeWindows() };
    },
    () => ({ CONNVO_RTC_ADDRESS: ownAddress() }),
  );
});

function takesTheLargest(
  openWindow: () => Promise<{ window: Window; close(): Promise<void> }>,
  serverOptions: () => Record<string, string> = () => ({}),
): void {
  let site: Site;
  let pages: PageServer;
  let opened: Awaited<ReturnType<typeof openWindow>>;

  beforeAll(async () => {
    site = await openSite();
    pages = await servePage("layers.js");
    opened = await openWindow();
  });
  afterAll(async () => {
    await opened?.close();
    pages?.close();
    await site.close();
  });

  it.each([
    { rids: ["q", "h", "f"], best: "f" },
    { rids: ["small", "large"], best: "small" },
  ])("sends $best of $rids alone", async ({ rids, best }) => {
    const { url } = await site.start(serverOptions());
    const host = await signIn(url, "Ada");
    const meetingId = await startedMeeting(host);
    const given = {
      whipUrl: await whipUrl(url, host, meetingId),
      token: await roomToken(host, meetingId),
      rids,
    };
    await opened.window.goto(pages.url);
    await opened.window.evaluate(`layers.publish(${JSON.stringify(given)})`);
    const sent = () => opened.window.evaluate<Sent[]>("layers.sent()");
    await until("pictures are sent", 90_000, async () => {
      return (await sent()).some(({ frames }) => frames >= 20);
    });
    expect((await sent()).map(({ rid }) => rid)).toEqual([best]);
    await site.stop();
  });
}
