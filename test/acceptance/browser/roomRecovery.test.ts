import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  getRecording,
  invite,
  startedMeeting,
  startRecording,
  stopRecording,
} from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import { killHard } from "../support/processes.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { eventually, until } from "../support/until.ts";
import { closeWindows, inChromium, openChromium } from "./support/chromium.ts";
import { RoomWindow } from "./support/roomWindow.ts";

inChromium("a meeting while processes die", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let ada: Person;
  let windows: RoomWindow[];
  let meetingId: string;
  let recordingId: string;

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromium();
    ada = await signIn(server.url, "Ada");
    const grace = await signIn(server.url, "Grace");
    meetingId = await startedMeeting(ada);
    await invite(ada, grace, meetingId);
    const join = (person: Person) => RoomWindow.join(browser, server.url, person, meetingId);
    windows = [await join(ada), await join(grace)];
    await seeEachOther();
    ({ recordingId } = await startRecording(ada, meetingId, { quality: "360p" }));
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  const seeEachOther = () => Promise.all(windows.map((window) => window.seesAndHears(1)));
  const connections = () =>
    Promise.all(windows.map(({ page }) => page.evaluate<number>("peers.length")));

  it("nobody misses the server, and the recording goes on", async () => {
    const before = await connections();
    await server.kill();
    await seeEachOther();
    await Promise.all(windows.map((window) => window.shows(/the server does not answer/)));
    server = await site.start({}, Number(new URL(server.url).port));
    await seeEachOther();
    await until("the note is gone", 60_000, async () => {
      const notes = windows.map(({ page }) => page.getByText(/the server does not answer/).count());
      return (await Promise.all(notes)).every((count) => count === 0);
    });
    expect(await connections()).toEqual(before);
    expect((await getRecording(ada, recordingId)).state).toBe("recording");
  });

  it("whose room process dies, people come back by themselves, and the recording goes on", async () => {
    const before = await connections();
    const [rooms] = await site.processes("rooms");
    killHard(rooms?.pid ?? 0);
    await until("new connections are made", 120_000, async () =>
      (await connections()).every((count, index) => count >= (before[index] ?? 0) + 2),
    );
    await seeEachOther();
    for (const { page } of windows)
      await page.getByText(/Reconnecting/).waitFor({ state: "detached", timeout: 60_000 });
    expect((await getRecording(ada, recordingId)).state).toBe("recording");
  });

  it("has everybody's media from before and after in it", async () => {
    await stopRecording(ada, meetingId);
    const { tracks, gaps } = await eventually("the recording is sealed", 60_000, async () => {
      const found = await getRecording(ada, recordingId);
      return found.state === "processing" || found.state === "ready" ? found : undefined;
    });
    expect(gaps).toHaveLength(1);
    const interruptedMs = gaps[0]?.startMs ?? 0;
    for (const kind of ["audio", "video"])
      for (const name of ["Ada", "Grace"]) {
        const own = tracks.filter(
          (track) => track.kind === kind && track.participantName === name && track.sizeBytes > 0,
        );
        // Whoever had to connect more than once has more of them.
        const sides = own.map(({ startMs }) => (startMs < interruptedMs ? "before" : "after"));
        expect(new Set(sides), `${kind} of ${name}`).toEqual(new Set(["before", "after"]));
      }
  });
});
