import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isInstalled } from "../../support/programs.ts";
import { rowsOf } from "../support/database.ts";
import { invite, startedMeeting } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { closeWindows, inChromium, openChromium } from "./support/chromium.ts";
import { type Relay, startRelay } from "./support/relay.ts";
import { RoomWindow } from "./support/roomWindow.ts";

const waitMs = 120_000;
const secret = "shared-by-server-and-relay";

/** Every connection goes through the relay alone. */
const relayOnly = `void (globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) {
    super({ ...configuration, iceTransportPolicy: "relay" });
  }
})`;

inChromium("people whose only way to each other fails", () => {
  if (isInstalled("turnserver")) return suite();
  const notRun = "NOT RUN: a relayed call; coturn is not installed";
  process.stderr.write(`${notRun}\n`);
  it(notRun, () => {
    if (process.env["CI"] === "true") throw new Error("CI must have coturn");
  });
});

function suite(): void {
  let site: Site;
  let relay: Relay;
  let browser: Browser;
  let ada: Person;
  let meetingId: string;
  let windows: RoomWindow[];

  beforeAll(async () => {
    relay = await startRelay(secret, "127.0.0.1");
    site = await openSite();
    const server = await site.start({
      CONNVO_LOCAL_PLAN: "free",
      CONNVO_TURN_URLS: `turn:127.0.0.1:${relay.port}?transport=udp`,
      CONNVO_TURN_SECRET: secret,
    });
    browser = await openChromium();
    ada = await signIn(server.url, "Ada");
    const grace = await signIn(server.url, "Grace");
    meetingId = await startedMeeting(ada);
    await invite(ada, grace, meetingId);
    const join = async (person: Person) => {
      const window = await RoomWindow.open(browser, server.url, person, meetingId);
      await window.page.evaluate(relayOnly);
      await window.press("Join now");
      return window;
    };
    windows = [await join(ada), await join(grace)];
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site?.close();
    relay?.resume();
    await relay?.stop();
  });

  const seeEachOther = () => Promise.all(windows.map((window) => window.seesAndHears(1)));

  it("meet through the relay", async () => {
    await seeEachOther();
  });

  it("are told, come back by themselves, and the server knows of both", async () => {
    const failures = () =>
      rowsOf(site.dataDir, "SELECT id FROM webrtc_sessions WHERE failure_type = 'ice_failed'");
    expect(await failures()).toEqual([]);
    relay.pause();
    for (const { page } of windows)
      await page.getByText(/There is no connection to/).waitFor({ timeout: waitMs });
    await until("both have told the server", waitMs, async () => (await failures()).length === 2);
    relay.resume();
    await seeEachOther();
    for (const { page } of windows)
      await page.getByText(/There is no connection to/).waitFor({ state: "detached" });
    const sessions = () =>
      ada.query<{ state: string }[]>("meetings/webrtc/signaling:getActiveSessions", { meetingId });
    await until("both sessions are connected", waitMs, async () => {
      const found = await sessions();
      return found.length === 2 && found.every(({ state }) => state === "connected");
    });
    for (const { errors } of windows) expect(errors).toEqual([]);
  });
}
