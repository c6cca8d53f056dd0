import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { canvasSize } from "../../../src/core/picture/geometry.ts";
import { tileRects } from "../../../src/core/picture/layout.ts";
import {
  getRecording,
  startedMeeting,
  startRecording,
  stopRecording,
} from "../support/meetings.ts";
import { signIn } from "../support/person.ts";
import { look } from "../support/seen.ts";
import { openSite, type Site } from "../support/site.ts";
import { eventually } from "../support/until.ts";
import { inChromium } from "./support/chromium.ts";
import { DrawnPerson } from "./support/drawnPerson.ts";
import { DrawnSeen } from "./support/drawnSeen.ts";
import { type PageServer, servePage } from "./support/pageServer.ts";
import { openSleepingChromium, type SleepingChromium } from "./support/sleepingChromium.ts";

const sleepMs = 8000;
/** A page that has slept draws and speaks again after this, ms. */
const awakeMs = 3000;

inChromium("a laptop that sleeps for 8 s in the middle of a meeting", () => {
  let site: Site | undefined;
  let pages: PageServer | undefined;
  let laptop: SleepingChromium | undefined;

  afterEach(async () => {
    await laptop?.close();
    pages?.close();
    await site?.close();
  });

  it("is heard and seen again over the same connection, at its place", async () => {
    site = await openSite();
    const { url } = await site.start();
    pages = await servePage("drawnPerson.js");
    laptop = await openSleepingChromium();
    const person = await signIn(url, "Ann");
    const meetingId = await startedMeeting(person);
    const page = await laptop.browser.newPage();
    await page.goto(pages.url);
    const window = {
      goto: (to: string) => page.goto(to),
      evaluate: <T>(expression: string) => page.evaluate<T>(expression),
    };
    const ann = await DrawnPerson.publish(window, { url, person, meetingId, participant: 0 });
    const { recordingId } = await startRecording(person, meetingId, {
      quality: "360p",
      layout: "grid",
    });
    await ann.hasFlashed(6);
    const sleptAt = Date.now();
    await laptop.sleep(sleepMs);
    const wokeAt = Date.now();
    await ann.hasFlashed(8);
    await stopRecording(person, meetingId);
    const log = await ann.log();
    const recording = await eventually("the recording is ready", 300_000, async () => {
      const found = await getRecording(person, recordingId);
      return found.state === "ready" ? found : undefined;
    });
    const { recordingUrl, startedAt = 0, durationMs = 0 } = recording;
    const headers = { authorization: `Bearer ${person.token}` };
    const file = path.join(path.dirname(site.dataDir), "slept.mp4");
    await writeFile(
      file,
      Buffer.from(await (await fetch(recordingUrl, { headers })).arrayBuffer()),
    );
    const seen = new DrawnSeen(log, startedAt, {
      file: await look(file, tileRects("grid", 1, canvasSize("360p"))),
      ...{ place: 0, participant: 0 },
    });
    const before = { fromMs: 1000, toMs: sleptAt - startedAt - 500 };
    const after = { fromMs: wokeAt - startedAt + awakeMs, toMs: durationMs - 200 };
    const delay = seen.delay("beep", before);
    const precision = { toleranceMs: 80, inPieces: false };
    expect(seen.made("beep", after).length).toBeGreaterThan(2);
    expect(seen.missing(before, delay, precision), seen.account()).toEqual([]);
    expect(seen.missing(after, delay, precision), seen.account()).toEqual([]);
    const apart = seen.apart(after).map(Math.abs);
    expect(apart.length).toBeGreaterThan(2);
    expect(Math.max(...apart)).toBeLessThanOrEqual(precision.toleranceMs);
    const asleep = { fromMs: sleptAt - startedAt + 1500, toMs: wokeAt - startedAt - 500 };
    expect(seen.heard(asleep)).toEqual([]);
  });
});
