import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { colourOf } from "../../../src/synth/picture/palette.ts";
import type { Colour } from "../../../src/synth/picture/picture.ts";
import type { WhipPublisher } from "../../../src/synth/transport/whipPublisher.ts";
import {
  inRoom,
  invite,
  startedMeeting,
  startRecording,
  stopRecording,
  userIdOf,
} from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import { mediaOf, publish } from "../support/publishing.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { closeWindows, inChromium, openChromium } from "./support/chromium.ts";
import { WatchPage } from "./support/watchPage.ts";

const seconds = 14;
/** From 720 lines on, players take pictures that say nothing of their colours for others than these are. */
const size = { width: 1280, height: 720, videoKbps: 1000 };

inChromium("a recording in the player", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let host: Person;
  let publishers: WhipPublisher[];
  let watch: WatchPage;
  let stoppedAt: number;

  beforeAll(async () => {
    site = await openSite();
    // Nothing is composed at first: what plays is what was captured.
    server = await site.start({ CONNVO_COMPOSE_JOBS: "0" });
    browser = await openChromium();
    host = await signIn(server.url, "Ada");
    const guest = await signIn(server.url, "Grace");
    const meetingId = await startedMeeting(host);
    await invite(host, guest, meetingId);
    publishers = [
      await publish(server.url, host, meetingId, { media: await mediaOf(0, size) }),
      await publish(server.url, guest, meetingId, {
        media: await mediaOf(1, { ...size, codec: "H264" }),
      }),
    ];
    await until("both are heard", 60_000, async () => (await inRoom(host, meetingId)) === 2);
    const { recordingId } = await startRecording(host, meetingId);
    const startedAt = performance.now();
    await until(`${seconds} s have passed`, seconds * 1000 + 5000, () => {
      return performance.now() - startedAt > seconds * 1000;
    });
    await stopRecording(host, meetingId);
    stoppedAt = performance.now();
    const userId = await userIdOf(host);
    watch = await WatchPage.open(browser, server.url, { person: host, userId, recordingId });
  });

  afterAll(async () => {
    await Promise.all((publishers ?? []).map((publisher) => publisher.close()));
    await watch?.close();
    await closeWindows(browser);
    await site.close();
  });

  it("plays what was captured right after the stop, everybody's picture", async () => {
    await watch.page.getByRole("button", { name: "play", exact: true }).click();
    await until("it plays", 60_000, async () => (await watch.state()).currentTime > 0.5);
    expect(performance.now() - stoppedAt).toBeLessThan(15_000);
    const { source, duration, error } = await watch.state();
    expect(source).toBe("tracks");
    expect(error).toBeUndefined();
    expect(duration).toBeGreaterThan(seconds - 1);
    // There, everything is loaded.
    await watch.pause();
    await watch.seek(5);
    expect((await watch.state()).names.sort()).toEqual(["Ada", "Grace"]);
    await expectColours();
    await watch.page.getByText(/Playing what was captured; the MP4 is \d+ % composed/).waitFor();
  });

  it("seeks, and shows who speaks when captions are wanted", async () => {
    await watch.seek(9);
    expect((await watch.state()).currentTime).toBeCloseTo(9, 1);
    await watch.page.getByRole("button", { name: /captions/i }).click();
    await until("a caption is shown", 30_000, async () => (await watch.state()).caption !== "");
    expect(["Ada", "Grace"]).toContain((await watch.state()).caption);
  });

  it("keeps sound and picture of everyone together", async () => {
    await watch.seek(2);
    // Longer than three flashes take: where sender or recorder were held up, some were not captured.
    const seen = await watch.lipSync(10);
    const { drifts } = await watch.state();
    expect(drifts).toHaveLength(4);
    for (const { name, flashes, beeps } of seen) {
      expect(flashes.length, `${name} flashed`).toBeGreaterThanOrEqual(3);
      const apart = flashes.map((at) => Math.min(...beeps.map((beep) => Math.abs(beep - at))));
      const middle = apart.sort((a, b) => a - b)[apart.length >> 1] ?? 1;
      expect(middle, `${name}: flash and beep`).toBeLessThan(0.15);
    }
  });

  it("goes on from the finished file without losing its place", async () => {
    await watch.seek(1);
    await watch.set({ rate: 0.5, volume: 0.4 });
    const { port } = new URL(server.url);
    await server.stop();
    server = await site.start({}, Number(port));
    await until("the file is there", 180_000, async () => {
      const { source, currentTime, paused } = await watch.state();
      if (paused || currentTime > 10) {
        await watch.seek(1);
        await watch.play();
      }
      return source === "file";
    });
    const after = await watch.state();
    expect(after).toMatchObject({ paused: false, playbackRate: 0.5, volume: 0.4, captions: true });
    expect(after.error).toBeUndefined();
    await until("it goes on", 60_000, async () => {
      return (await watch.state()).currentTime > after.currentTime + 0.5;
    });
    await watch.page.getByText("Playing the finished MP4.").waitFor();
  });

  /** Everybody is shown in the colours that were sent, which are BT.601. */
  async function expectColours(): Promise<void> {
    const pictures = (await watch.colours()).sort((a, b) => a.name.localeCompare(b.name));
    expect(pictures.map(({ name }) => name)).toEqual(["Ada", "Grace"]);
    for (const [participant, { name, rgb }] of pictures.entries())
      for (const [channel, sent] of rgbOf(colourOf(participant)).entries())
        expect(
          Math.abs((rgb[channel] ?? 0) - sent),
          `${name}: ${rgb} in channel ${channel}`,
        ).toBeLessThan(6);
  }
});

/** ITU-R BT.601, limited range. */
function rgbOf({ y, u, v }: Colour): [red: number, green: number, blue: number] {
  const luma = 1.164 * (y - 16);
  const [blue, red] = [u - 128, v - 128];
  return [luma + 1.596 * red, luma - 0.392 * blue - 0.813 * red, luma + 2.017 * blue];
}
