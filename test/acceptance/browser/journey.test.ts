import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { getRecording } from "../support/meetings.ts";
import { personWith } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { eventually, until } from "../support/until.ts";
import { closeWindows, inChromium, openChromium } from "./support/chromium.ts";
import { RoomWindow } from "./support/roomWindow.ts";
import { WatchPage } from "./support/watchPage.ts";

/** Until half a minute of 720p is composed on a machine that has other things to do, ms. */
const composedMs = 300_000;
/** How long the recording goes on after the server is back, ms. */
const afterwardsMs = 8000;

inChromium("two people's way from the sign-in to the file, by the pages alone", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let alice: RoomWindow;
  let bob: RoomWindow;
  let watch: WatchPage;
  let recordedSince: number;
  let recordedMs: number;

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromium();
    alice = await RoomWindow.empty(browser, server.url);
    bob = await RoomWindow.empty(browser, server.url);
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  const seeEachOther = () => Promise.all([alice.seesAndHears(1), bob.seesAndHears(1)]);

  async function restart(end: () => Promise<unknown>, env: Record<string, string>): Promise<void> {
    const { port } = new URL(server.url);
    await end();
    server = await site.start(env, Number(port));
  }

  it("Alice signs in, starts a meeting and goes in", async () => {
    await alice.page.goto("/");
    await nameIs(alice, "Alice");
    await alice.press("New meeting");
    await alice.page.getByLabel("Title").fill("Weekly review");
    await alice.press("Start meeting");
    await alice.page.waitForURL("/meet/*");
    await alice.press("Join now");
    await alice.button("Leave").waitFor();
  });

  it("Bob comes by her link; they see and hear each other", async () => {
    await alice.press("Invite");
    const link = await alice.page.getByLabel("Link").inputValue();
    await alice.press("Done");
    await bob.page.goto(link);
    await nameIs(bob, "Bob");
    await bob.press("Accept and go in");
    await bob.shows("Alice is here.");
    await bob.press("Join now");
    await seeEachOther();
    await alice.showsPictureOf("Bob");
    await bob.showsPictureOf("Alice");
  });

  it("Alice records; Bob sees that, and by whom", async () => {
    await alice.press("Record");
    const dialog = alice.page.getByRole("dialog", { name: "Record this meeting" });
    await dialog.getByLabel("Quality").selectOption("720p");
    await dialog.getByLabel("Layout").selectOption("grid");
    await dialog.getByRole("button", { name: "Start recording" }).click();
    await bob.shows(/started by Alice/);
    await bob.page.getByRole("timer").waitFor();
    recordedSince = performance.now();
  });

  it("the server dies and comes back: the meeting and its recording go on", async () => {
    const connections = () =>
      Promise.all([alice, bob].map(({ page }) => page.evaluate<number>("peers.length")));
    const before = await connections();
    // Back, it composes nothing at first: the tracks are all there is to play.
    await restart(
      async () => {
        await server.kill();
        await seeEachOther();
        await bob.shows(/the server does not answer/);
      },
      { CONNVO_COMPOSE_JOBS: "0" },
    );
    const back = performance.now();
    for (const { page } of [alice, bob])
      await page.getByText(/the server does not answer/).waitFor({ state: "detached" });
    await seeEachOther();
    expect(await connections()).toEqual(before);
    await bob.page.getByRole("timer").waitFor();
    await until("there is some more of it", 2 * afterwardsMs, () => {
      return performance.now() - back > afterwardsMs;
    });
  });

  it("Alice stops, and watches at once: both pictures, their sound, from before and after", async () => {
    recordedMs = performance.now() - recordedSince;
    await alice.press("Stop recording");
    const link = alice.page.getByRole("link", { name: "Watch now" });
    await link.waitFor();
    watch = await WatchPage.opened(alice.context, () => link.click());
    await watch.page.getByRole("heading", { name: "Weekly review", level: 1 }).waitFor();
    await watch.page.getByText("started by Alice").waitFor();
    await watch.page.getByRole("button", { name: "play", exact: true }).click();
    await until("it plays", 60_000, async () => (await watch.state()).currentTime > 0.5);
    const { source, error, duration } = await watch.state();
    expect({ source, error }).toEqual({ source: "tracks", error: undefined });
    // Nothing of it is missing.
    expect(duration * 1000).toBeGreaterThan(recordedMs - 2000);
    await expectEverybody(3);
    await expectEverybody(duration - 5);
  });

  it("sees who speaks at a place of her choice", async () => {
    await watch.pause();
    await watch.seek(6);
    expect((await watch.state()).currentTime).toBeCloseTo(6, 1);
    await watch.page.getByRole("button", { name: /captions/i }).click();
    await until("a caption is shown", 30_000, async () => (await watch.state()).caption !== "");
    expect(["Alice", "Bob"]).toContain((await watch.state()).caption);
  });

  it("goes on from the MP4 where she is, once it is made", {
    timeout: composedMs + 180_000,
  }, async () => {
    await watch.set({ rate: 0.5 });
    await watch.seek(1);
    await watch.play();
    await restart(() => server.stop(), {});
    await until("the file plays", composedMs, async () => {
      const { source, currentTime } = await watch.state();
      // The end is not to come before the file does.
      if (currentTime > 12) await watch.seek(1);
      return source === "file";
    });
    const there = await watch.state();
    expect(there).toMatchObject({ paused: false, captions: true, playbackRate: 0.5 });
    expect(there.error).toBeUndefined();
    await until("it goes on", 60_000, async () => {
      return (await watch.state()).currentTime > there.currentTime + 0.5;
    });
    await watch.page.getByText("Playing the finished MP4.").waitFor();
  });

  it("and the recording is ready, as she asked for it", async () => {
    const token = await alice.page.evaluate<string>(
      `JSON.parse(localStorage.getItem("connvo.session")).token`,
    );
    const recordingId = new URL(watch.page.url()).pathname.split("/").at(-1) ?? "";
    const recording = await eventually("it is ready", 60_000, async () => {
      const found = await getRecording(personWith(server.url, "Alice", token), recordingId);
      return found.state === "ready" ? found : undefined;
    });
    expect(recording.config).toEqual({ quality: "720p", layout: "grid", audioOnly: false });
    expect(recording.probe?.problems).toEqual([]);
    expect(recording.probe?.durationMs).toBeGreaterThan(recordedMs - 2000);
    for (const window of [alice, bob]) expect(window.errors).toEqual([]);
  });

  /** Alice and Bob are both seen, and both heard within two seconds (their devices beep twice a second). */
  async function expectEverybody(atSeconds: number): Promise<void> {
    await watch.pause();
    await watch.seek(atSeconds);
    const pictures = await watch.colours();
    expect(pictures.map(({ name }) => name).sort()).toEqual(["Alice", "Bob"]);
    // Chromium's test pictures are green; what is not there is black.
    for (const { name, rgb } of pictures)
      expect(rgb[1], `green of ${name}'s picture`).toBeGreaterThan(90);
    for (const { name, beeps } of await watch.beeps(3))
      expect(beeps.length, `beeps of ${name} from ${atSeconds} s on`).toBeGreaterThan(0);
  }
});

async function nameIs({ page }: RoomWindow, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.keyboard.press("Enter");
}
