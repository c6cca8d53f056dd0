import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecordingDetail, Started } from "../support/meetings.ts";
import { median } from "../support/seen.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { eventually, until } from "../support/until.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { PersonPage, type Rgb } from "./support/personPage.ts";
import { difference, Playback } from "./support/playback.ts";

const colours: [Rgb, Rgb] = [
  [200, 40, 60],
  [30, 90, 200],
];
const pitchHz = 600;
const seconds = 6;
/** Of the file, s: half a second, in which the bar goes a quarter of its way, from one to the next. */
const places = [2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5];
/**
 * Of a channel. A canvas sends full-range colours: H.264 says so in its stream, VP8 has no place for it, so that it is
 * shown with more contrast than it was sent with.
 */
const tolerance = { H264: 12, VP8: 40 };

inChromium("a meeting in the browser", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromiumShell();
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  describe.each(["VP8", "H264"] as const)("published in %s", (codec) => {
    let person: PersonPage;
    let recording: RecordingDetail;
    let file: Playback;

    beforeAll(async () => {
      person = await PersonPage.open(browser, server.url);
      await person.signIn(`Ada in ${codec}`);
      recording = await record(person, codec);
      const { recordingId } = recording;
      const link = await person.call<{ url: string }>("recordings/actions:createDownloadLink", {
        recordingId,
      });
      file = await Playback.open(browser, link.url);
    });

    afterAll(async () => {
      await file?.close();
      await person?.context.close();
    });

    it("is recorded without gaps in the codec the page chose", () => {
      expect(recording.gaps).toEqual([]);
      expect(recording.probe?.problems).toEqual([]);
      const tracks = recording.tracks.map((track) => `${track.participantName}: ${track.codec}`);
      expect(tracks.sort()).toEqual([`Ada in ${codec}: ${codec}`, `Ada in ${codec}: opus`]);
    });

    it("becomes a file that plays in the browser by its link", async () => {
      expect(file).toMatchObject({ width: 1280, height: 720 });
      const { durationMs = 0 } = recording;
      expect(durationMs).toBeGreaterThanOrEqual(seconds * 1000);
      expect(Math.abs(file.duration * 1000 - durationMs)).toBeLessThanOrEqual(200);
      const positions = await file.playUntil(1);
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
      expect(positions.at(-1)).toBeGreaterThanOrEqual(1);
    });

    it("shows the page's colours, in motion", async () => {
      const [left, right] = await file.colours(2, [
        [0.2, 0.3],
        [0.8, 0.3],
      ]);
      expect(difference(left, colours[0])).toBeLessThanOrEqual(tolerance[codec]);
      expect(difference(right, colours[1])).toBeLessThanOrEqual(tolerance[codec]);
      const bars: number[] = [];
      for (const at of places) bars.push(await barAt(file, at));
      const steps = bars.slice(1).map((bar, index) => (bar - (bars[index] ?? 0) + 1) % 1);
      // The page may have been held up between two of them.
      expect(median(steps)).toBeCloseTo(0.25, 1);
    });

    it("sounds like the page", async () => {
      const heard: number[] = [];
      for (const at of [2, 3, 4]) heard.push(await file.pitch(at));
      expect(Math.abs(median(heard) - pitchHz), `${heard} Hz`).toBeLessThanOrEqual(3);
    });
  });

  /** Creates, starts and records a meeting, all by `fetch` from the page. */
  async function record(person: PersonPage, codec: "VP8" | "H264"): Promise<RecordingDetail> {
    const { meetingId } = await person.call<{ meetingId: string }>(
      "meetings/lifecycle:createMeeting",
      { title: "From a page" },
    );
    await person.call("meetings/lifecycle:startMeeting", { meetingId });
    await publish(person, meetingId, codec);
    const stream = "meetings/stream/index";
    const { recordingId } = await person.call<Started>(`${stream}:startRecording`, { meetingId });
    await until(`${seconds} s were recorded`, seconds * 1000 + 60_000, async () => {
      const { startedAt } = await detail(person, recordingId);
      return startedAt !== undefined && Date.now() - startedAt > seconds * 1000;
    });
    const sent = await eventually("a picture was sent", 60_000, () => person.sentCodec());
    expect(sent).toBe(`video/${codec}`);
    await person.call(`${stream}:stopRecording`, { meetingId });
    return eventually("the recording is ready", 180_000, async () => {
      const found = await detail(person, recordingId);
      if (found.state === "failed") throw new Error(JSON.stringify(found.error));
      return found.state === "ready" ? found : undefined;
    });
  }

  async function publish(person: PersonPage, meetingId: string, codec: "VP8" | "H264") {
    const { connectionInfo } = await person.call<{ connectionInfo: { roomId: string } }>(
      "meetings/lifecycle:getMeetingConnectionInfo",
      { meetingId },
    );
    const { token } = await person.call<{ token: string }>(
      "meetings/stream/index:generateParticipantTokenPublic",
      { meetingId },
    );
    const whipUrl = `/rooms/${connectionInfo.roomId}/whip`;
    await person.publish({ whipUrl, token, codec, colours, pitchHz });
  }
});

const detail = (person: PersonPage, recordingId: string) =>
  person.call<RecordingDetail>("recordings/queries:getRecording", { recordingId });

/** Where the white bar begins, a fraction of the way it goes. */
async function barAt(file: Playback, position: number): Promise<number> {
  const row = Array.from({ length: 160 }, (_, index) => [(index + 0.5) / 160, 0.63] as const);
  const seen = await file.colours(position, row);
  const white = seen.findIndex((colour) => difference(colour, [255, 255, 255]) < 60);
  expect(white).not.toBe(-1);
  return (white / 160) * (640 / 600);
}
