import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { getRecording, type Started, startedMeeting } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import { roomToken, whipUrl } from "../support/publishing.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { PersonPage, type Publication, type Rgb } from "./support/personPage.ts";
import { difference, Playback } from "./support/playback.ts";

const green: Rgb = [40, 150, 70];
const publication = {
  codec: "VP8",
  colours: [green, green],
  pitchHz: 500,
  generous: true,
} as const satisfies Partial<Publication>;

inChromium("a page of another origin", () => {
  let site: Site;
  let server: ServerProcess;
  let elsewhere: Server;
  let browser: Browser;
  let host: Person;
  let page: PersonPage;
  let meetingId: string;
  let recordingId: string;
  let recordingUrl: string;

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    elsewhere = createServer((_request, response) => response.end("somebody's app"));
    await once(elsewhere.listen(0, "127.0.0.1"), "listening");
    browser = await openChromiumShell();
    host = await signIn(server.url, "host");
    const { port } = elsewhere.address() as AddressInfo;
    page = await PersonPage.open(browser, `http://127.0.0.1:${port}`);
    await page.use(server.url, host);
    meetingId = await startedMeeting(host);
  });

  afterAll(async () => {
    await closeWindows(browser);
    elsewhere?.close();
    await site.close();
  });

  it("calls functions, publishes more than is received, is seen, and has left as soon as it hangs up", async () => {
    await publish();
    await until("the host is seen", 60_000, async () => (await presence()) === "joined");
    await page.sendsOn(10);
    expect(await page.sentStreams()).toEqual(["audio", "video"]);
    ({ recordingId, recordingUrl } = await page.call<Started>(
      "meetings/stream/index:startRecording",
      { meetingId, recordingConfig: { quality: "360p" } },
    ));
    await recordedFor(2000);
    await page.call("meetings/stream/index:stopRecording", { meetingId });
    await page.hangUp();
    await until("the host has left", 30_000, async () => (await presence()) === "left");
  });

  it("reads parts of the file by token, and plays it by its link", async () => {
    await until("the recording is ready", 120_000, async () => (await detail()).state === "ready");
    const { sizeBytes } = await detail();
    const beginning = await page.beginningOf(recordingUrl);
    expect(beginning).toEqual({ status: 206, range: `bytes 0-3/${sizeBytes}`, bytes: 4 });
    const link = await page.call<{ url: string }>("recordings/actions:createDownloadLink", {
      recordingId,
    });
    const file = await Playback.open(browser, link.url, page.page.url());
    expect(file).toMatchObject({ width: 640, height: 360 });
    const [seen] = await file.colours(file.duration - 0.5, [[0.5, 0.2]]);
    expect(difference(seen, green)).toBeLessThanOrEqual(45);
  });

  it("is not let in with a token the room did not give", async () => {
    const foreign = { ...publication, whipUrl: await whipUrl(server.url, host, meetingId) };
    await expect(page.publish({ ...foreign, token: host.token })).rejects.toThrow(/WHIP: 401/);
  });

  async function publish(): Promise<void> {
    const url = await whipUrl(server.url, host, meetingId);
    await page.publish({ ...publication, whipUrl: url, token: await roomToken(host, meetingId) });
  }

  async function presence(): Promise<string | undefined> {
    const people = await page.call<{ presence: string }[]>(
      "meetings/queries:listMeetingParticipants",
      { meetingId },
    );
    return people[0]?.presence;
  }

  const detail = () => getRecording(host, recordingId);

  async function recordedFor(ms: number): Promise<void> {
    await until(`${ms} ms were recorded`, ms + 60_000, async () => {
      const { startedAt } = await detail();
      return startedAt !== undefined && Date.now() - startedAt >= ms;
    });
  }
});
