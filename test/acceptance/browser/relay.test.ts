import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isInstalled } from "../../support/programs.ts";
import { inRoom, startedMeeting } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import { roomToken } from "../support/publishing.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { holdUdp } from "./support/heldUdp.ts";
import { PersonPage } from "./support/personPage.ts";
import { type Relay, startRelay } from "./support/relay.ts";

interface IceServer {
  urls: string[];
  username: string;
  credential: string;
}

/** What somebody needs to publish. */
interface Entry {
  roomId: string;
  token: string;
  turn: IceServer;
}

const secret = "shared-by-server-and-relay";

inChromium("a browser behind a network without UDP", () => {
  if (isInstalled("turnserver")) return suite();
  const notRun = "NOT RUN: a relayed connection; coturn is not installed";
  process.stderr.write(`${notRun}\n`);
  it(notRun, () => {
    if (process.env["CI"] === "true") throw new Error("CI must have coturn");
  });
});

function suite(): void {
  let site: Site;
  let server: ServerProcess;
  let relay: Relay;
  let browser: Browser;
  let host: Person;
  let meetingId: string;

  beforeAll(async () => {
    relay = await startRelay(secret, "127.0.0.1");
    site = await openSite();
    const at = `turn:127.0.0.1:${relay.port}?transport`;
    server = await site.start({
      CONNVO_LOG_LEVEL: "debug",
      CONNVO_TURN_URLS: `${at}=udp,${at}=tcp`,
      CONNVO_TURN_SECRET: secret,
    });
    browser = await openChromiumShell();
    host = await signIn(server.url, "host");
    meetingId = await startedMeeting(host);
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site?.close();
    await relay?.stop();
  });

  it("publishes through the relay", async () => {
    const page = await PersonPage.open(browser, server.url);
    await publish(page, await connectionInfo());
    await until(
      "the room has the media",
      60_000,
      async () => (await inRoom(host, meetingId)) === 1,
    );
    expect(await page.sentFrom()).toMatchObject({ candidateType: "relay" });
    await page.hangUp();
    await page.context.close();
  });

  it("publishes though a relay's way is refused before there is another", async () => {
    const entry = await connectionInfo();
    const udp = await holdUdp(relay.port);
    // The rooms refuse what comes from a relay over TCP (docs/deployment.md).
    const urls = [
      `turn:127.0.0.1:${relay.port}?transport=tcp`,
      `turn:127.0.0.1:${udp.port}?transport=udp`,
    ];
    const page = await PersonPage.open(browser, server.url);
    const published = publish(page, { ...entry, turn: { ...entry.turn, urls } });
    expect(await Promise.race([page.lost(), published.then(() => "connected")])).toBe("failed");
    udp.open();
    await published;
    expect(await page.sentFrom()).toEqual({ candidateType: "relay", relayProtocol: "udp" });
    await page.hangUp();
    await page.context.close();
    udp.close();
  });

  it("is let in by nobody else's credential", async () => {
    const { turn } = await connectionInfo();
    const page = await PersonPage.open(browser, server.url);
    const credential = Buffer.from("made up").toString("base64");
    const via = (iceServer: IceServer) =>
      page.relayedVia({ iceServers: [iceServer], iceTransportPolicy: "relay" });
    expect((await via(turn)).protocols.sort()).toEqual(["tcp", "udp"]);
    expect(await via({ ...turn, credential })).toEqual({ protocols: [], errors: [401] });
    const username = turn.username.replace(/^\d+/, "1000000000");
    expect((await via({ ...turn, username })).protocols).toEqual([]);
    await page.context.close();
  });

  it("hands out credentials per person, and never the secret", async () => {
    const { turn } = await connectionInfo();
    const user = await host.query<{ _id: string }>("users/queries:getCurrentUser");
    const [expiry, userId] = turn.username.split(":");
    expect(userId).toBe(user._id);
    expect(Number(expiry)).toBeGreaterThan(Date.now() / 1000 + 3600);
    for (const hidden of [secret, turn.credential])
      expect(server.output().includes(hidden)).toBe(false);
  });

  async function connectionInfo(): Promise<Entry> {
    const info = await host.mutation<{
      connectionInfo: { roomId: string; iceServers: IceServer[] };
    }>("meetings/lifecycle:getMeetingConnectionInfo", { meetingId });
    const { roomId, iceServers } = info.connectionInfo;
    const [turn] = iceServers;
    if (!turn) throw new Error("no TURN server");
    return { roomId, turn, token: await roomToken(host, meetingId) };
  }

  /** Publishes from a window that may use the relay only. */
  function publish(page: PersonPage, { roomId, token, turn }: Entry): Promise<void> {
    return page.publish({
      whipUrl: `/rooms/${roomId}/whip`,
      token,
      codec: "VP8",
      colours: [
        [200, 40, 60],
        [30, 90, 200],
      ],
      pitchHz: 600,
      configuration: { iceServers: [turn], iceTransportPolicy: "relay" },
    });
  }
}
