import { afterAll, beforeAll, expect, it } from "vitest";
import {
  hasEnded,
  invite,
  startedMeeting,
  startRecording,
  stopRecording,
} from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { inFirefox, openFirefox } from "./support/firefox/firefox.ts";
import { joinInFirefox } from "./support/firefox/firefoxRoom.ts";
import type { FirefoxWindow } from "./support/firefox/firefoxWindow.ts";

const waitMs = 60_000;
const mediaMs = 240_000;

/** As whoever tries the server first has it: rooms on loopback, which Firefox never sends to. */
inFirefox("two windows of Firefox on the machine of a server that was set nothing", () => {
  let site: Site;
  let server: ServerProcess;
  let host: Person;
  let guest: Person;
  let meetingId: string;
  let recordingId: string;
  let windows: FirefoxWindow[];

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    host = await signIn(server.url, "Ada");
    guest = await signIn(server.url, "Grace");
    meetingId = await startedMeeting(host);
    await invite(host, guest, meetingId);
    const firefox = await openFirefox();
    windows = await Promise.all([firefox.newWindow(), firefox.newWindow()]);
  });

  afterAll(async () => {
    await (await openFirefox()).closeWindows();
    await site.close();
  });

  it("meet", async () => {
    const [first, second] = windows as [FirefoxWindow, FirefoxWindow];
    const join = (window: FirefoxWindow, person: Person) =>
      joinInFirefox(window, server.url, person, meetingId);
    await Promise.all([join(first, host), join(second, guest)]);
    await Promise.all(windows.map(seesAndHearsAnother));
  });

  it("record", async () => {
    ({ recordingId } = await startRecording(host, meetingId));
    await Promise.all(windows.map(seesAndHearsAnother));
    await stopRecording(host, meetingId);
    const { tracks, gaps } = await hasEnded(host, recordingId);
    expect(gaps).toEqual([]);
    expect(tracks.map(({ participantName, kind }) => `${participantName}: ${kind}`).sort()).toEqual(
      ["Ada: audio", "Ada: video", "Grace: audio", "Grace: video"],
    );
  });

  it("watch", async () => {
    const [window] = windows as [FirefoxWindow];
    await window.goto(`${server.url}/watch/${recordingId}`);
    await until("the player is there", waitMs, () =>
      window.evaluate<boolean>("document.querySelector('media-play-button') !== null"),
    );
    await window.evaluate("void document.querySelector('media-play-button').click()");
    await until("the recording is played", mediaMs, () =>
      window.evaluate<boolean>("document.querySelector('connvo-playback').currentTime > 0.3"),
    );
  });
});

async function seesAndHearsAnother(window: FirefoxWindow): Promise<void> {
  const since = JSON.stringify(await window.evaluate("received()"));
  await until("somebody is seen and heard", mediaMs, async () => {
    return (await window.evaluate<number>(`progress(${since})`)) >= 1;
  });
}
