import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { mediaAddress, NetworkLink, rerouted } from "../../../src/synth/transport/networkLink.ts";
import { startedMeeting } from "../support/meetings.ts";
import { signIn } from "../support/person.ts";
import { roomToken, whipUrl } from "../support/publishing.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { closeWindows, inChromium, openChromium } from "./support/chromium.ts";

interface Sent {
  frames: number;
  bytes: number;
  /** Epoch ms. */
  at: number;
}

const program = path.join(import.meta.dirname, "support/page/uplink.js");
/** A slow line with the deep buffer that such lines often have. */
const network = { loss: 0, delayMs: 20, kbps: 700, queueMs: 3000, random: () => 0 };

inChromium("a publisher behind a slow line", () => {
  let site: Site;
  let browser: Browser;
  let link: NetworkLink | undefined;

  beforeAll(async () => {
    site = await openSite();
    browser = await openChromium();
  });

  afterAll(async () => {
    await closeWindows(browser);
    link?.close();
    await site.close();
  });

  const sent = (page: Page) => page.evaluate<Sent>("uplink.sent()");

  it("sends what the line takes, and does not fill its buffer", async () => {
    const { url } = await site.start();
    const host = await signIn(url, "Ada");
    const meetingId = await startedMeeting(host);
    const page = await browser.newPage({ baseURL: url });
    await page.addInitScript({ path: program });
    await page.route("**/whip", async (route) => {
      const response = await route.fetch();
      const answer = await response.text();
      const target = mediaAddress(answer);
      if (!target) throw new Error("the answer has no address for media");
      link = await NetworkLink.open(target, network);
      await route.fulfill({ response, body: rerouted(answer, link.port) });
    });
    await page.goto("/sign-in");
    const given = {
      whipUrl: await whipUrl(url, host, meetingId),
      token: await roomToken(host, meetingId),
    };
    await page.evaluate(`uplink.publish(${JSON.stringify(given)})`);

    // It begins with more than the line takes, and has to find that out.
    await until("it has settled", 90_000, async () => (await sent(page)).frames >= 120);
    const before = await sent(page);
    const waits: number[] = [];
    await until("more pictures are sent", 90_000, async () => {
      waits.push(link?.waitingMs ?? 0);
      return (await sent(page)).frames >= before.frames + 100;
    });
    const after = await sent(page);
    const kbps = ((after.bytes - before.bytes) * 8) / (after.at - before.at);
    waits.sort((a, b) => a - b);
    const usual = waits[Math.floor(waits.length / 2)] ?? 0;
    const seen = `${kbps.toFixed(0)} kbit/s, ${usual.toFixed(0)} ms in the buffer, at most ${waits.at(-1)?.toFixed(0)}`;
    expect(usual, seen).toBeLessThan(300);
    // Where cores are few, the sender cannot tell a busy machine from a busy line, and is careful.
    expect(kbps, seen).toBeGreaterThan(100);
    expect(kbps, seen).toBeLessThan(network.kbps);
  });
});
