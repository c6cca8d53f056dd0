import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WhipPublisher } from "../../src/synth/transport/whipPublisher.ts";
import { sentences, speech, voicesInstalled, wordErrorRate } from "../media/support/spoken.ts";
import { takeTime } from "../support/patience.ts";
import { expectFit } from "./browser/support/accessibility.ts";
import { chromiumInstalled, closeWindows, openChromium } from "./browser/support/chromium.ts";
import { RoomWindow } from "./browser/support/roomWindow.ts";
import { WatchPage } from "./browser/support/watchPage.ts";
import { rowsOf } from "./support/database.ts";
import {
  getRecording,
  invite,
  pauseRecording,
  resumeRecording,
  startedMeeting,
  startRecording,
  stopRecording,
  userIdOf,
} from "./support/meetings.ts";
import type { Person } from "./support/person.ts";
import { killAll } from "./support/processes.ts";
import { haveSent, mediaOf, publish } from "./support/publishing.ts";
import { hasEnded, persistently, SurvivalSite } from "./support/survivalSite.ts";
import { eventually, until } from "./support/until.ts";

takeTime();

interface Line {
  text: string;
  startMs: number;
  endMs: number;
  speakerId?: string;
  sequence: number;
}

/** Without it what is shown is not looked at; in CI that is a failure. */
const inBrowser = chromiumInstalled || process.env["CI"] === "true";

/** One person says two sentences again and again. */
const seconds = 10;
const said = ["youngMan", "amiable"] as const;

let survival: SurvivalSite;
let host: Person;
let meetingId: string;
let recordingId: string;
let publisher: WhipPublisher;
let window: RoomWindow;

beforeAll(async () => {
  survival = await SurvivalSite.open();
});
afterAll(async () => {
  if (inBrowser) await closeWindows(await openChromium());
  await survival.close();
});

const lines = () =>
  host.mutation<Line[]>("transcripts/ingestion:getTranscriptChunks", { meetingId, limit: 200 });
const atLeast = (count: number) =>
  eventually(`${count} lines are there`, 150_000, async () => {
    const found = await lines().catch(() => []);
    return found.length >= count ? found : undefined;
  });

/** A recording in which somebody speaks. */
async function record(args: object = {}): Promise<void> {
  host = await survival.signIn();
  meetingId = await startedMeeting(host, { ...args });
  const { audio } = speech(seconds, [
    [said[0], 1_000],
    [said[1], 6_000],
  ]);
  const media = { ...(await mediaOf(0, { seconds })), audio };
  publisher = await publish(survival.server.url, host, meetingId, { media, reconnect: true });
  ({ recordingId } = await startRecording(host, meetingId));
}

const which = ({ text }: Pick<Line, "text">) =>
  said.find((sentence) => wordErrorRate(text, sentences[sentence]) < 0.2);

/** The sentence of a caption with its speaker; undefined of anything else. */
function captioned(text: string) {
  const words = new RegExp(`^${host.name}(?: \\(\\d+ s ago\\))?: ([^]*)$`).exec(text)?.[1];
  return words === undefined ? undefined : which({ text: words });
}

/** Waits until a sentence alone is shown as a caption in the room. */
const captionIsShown = () =>
  eventually("a caption is shown", 150_000, async () => {
    const captions = window.page.getByRole("region", { name: "Captions" }).locator("p");
    return (await captions.allTextContents()).map(captioned).find(Boolean);
  });

describe.skipIf(!voicesInstalled && !process.env["CI"])(
  "what is said in a recorded meeting",
  () => {
    it("is written down while it runs, under the name of who says it", async () => {
      await record();
      const first = await atLeast(2);
      const { _id } = await host.query<{ _id: string }>("users/queries:getCurrentUser");
      expect(first.map(({ speakerId }) => speakerId)).toEqual(first.map(() => _id));
    });

    it.runIf(inBrowser)("is shown as captions to somebody else who wants them", async () => {
      const guest = await survival.signIn();
      // Nothing of theirs is heard.
      await invite(host, guest, meetingId, "observer");
      const { url } = survival.server;
      window = await RoomWindow.join(await openChromium(), url, guest, meetingId);
      await window.shows("Recorded and written down");
      await window.press("Captions");
      await captionIsShown();
      for (const size of [
        { width: 390, height: 844 },
        { width: 1280, height: 720 },
      ]) {
        await window.page.setViewportSize(size);
        await captionIsShown();
        await expectFit(window.page);
        await expectApart(window);
      }
    });

    it("goes on after kill -9 of the recognition, and of the server", async () => {
      const speaking = await survival.site.processes("speech");
      expect(speaking).toHaveLength(1);
      await killAll(speaking);
      await atLeast((await lines()).length + 2);
      await survival.kill("server");
      await atLeast((await persistently("lines", lines)).length + 2);
    });

    it.runIf(inBrowser)("goes on being shown after that", async () => {
      await captionIsShown();
      expect(window.errors).toEqual([]);
      await window.close();
    });

    it("is left out while the recording is paused", async () => {
      await pauseRecording(host, recordingId);
      await until("the pause has lasted for a sentence", 60_000, async () => {
        const { pausedAt = Number.POSITIVE_INFINITY } = await getRecording(host, recordingId);
        return Date.now() - pausedAt > seconds * 1_000;
      });
      await resumeRecording(host, recordingId);
      const resumedAt = performance.now();
      await until("enough is said afterwards", 60_000, () => {
        return performance.now() - resumedAt > 2.5 * seconds * 1_000;
      });
    });

    it("is all there in the end, once, in its order", async () => {
      await stopRecording(host, meetingId);
      await publisher.close();
      await until("all was heard", 170_000, async () => {
        const [row] = await rowsOf<{ state: string }>(
          survival.site.dataDir,
          "SELECT state FROM recording_transcripts WHERE recording_id = $1",
          [recordingId],
        );
        return row?.state === "finished";
      });
      const found = (await lines()).sort((a, b) => a.startMs - b.startMs);
      const { pauses } = await getRecording(host, recordingId);
      const [pause] = pauses;
      if (pause === undefined) throw new Error("there was no pause");
      expectInTurn(found.filter(({ startMs }) => startMs < pause.startedAt));
      expectInTurn(found.filter(({ startMs }) => startMs >= pause.startedAt));
    });

    describe.runIf(inBrowser)("in the player", () => {
      let watch: WatchPage;
      /** When sentences begin, s of the recording. */
      let begun: number[];

      it("is the captions, while it is heard", async () => {
        const [pause] = (await getRecording(host, recordingId)).pauses;
        const userId = await userIdOf(host);
        const who = { person: host, userId, recordingId };
        watch = await WatchPage.open(await openChromium(), survival.server.url, who);
        await watch.page.getByRole("button", { name: "play", exact: true }).click();
        await until("it plays", 60_000, async () => (await watch.state()).currentTime > 0.5);
        await watch.page.getByRole("button", { name: /captions/i }).click();
        await watch.pause();
        // Beyond the pause, which takes no time here.
        await watch.seek((pause?.atMs ?? 0) / 1_000 + 1);
        // It may begin in the middle of a sentence; what begins last is said to its end.
        begun = (await watch.voices(1.5 * seconds)).slice(1);
        await expectCaptions(watch, begun);
      });

      it("is the captions of the finished file too", async () => {
        await hasEnded(host, recordingId);
        await watch.page.reload();
        await watch.page.getByText("Playing the finished MP4.").waitFor({ timeout: 60_000 });
        await watch.page.getByRole("button", { name: /captions/i }).click();
        await expectCaptions(watch, begun);
        await watch.close();
      });
    });

    it("goes with the recording it was heard in", async () => {
      await hasEnded(host, recordingId);
      await host.mutation("recordings/mutations:deleteRecording", { recordingId });
      expect(await lines()).toEqual([]);
    });

    it("is written down when a host asks for it later, once, whatever is killed meanwhile", async () => {
      await record({ transcriptionEnabled: false });
      await haveSent([publisher], 1_500 * seconds);
      await stopRecording(host, meetingId);
      await publisher.close();
      expect(await lines()).toEqual([]);
      // Refused until the stop is through.
      const ask = () =>
        persistently("a transcript", () =>
          host.action<{ state: string }>("transcripts/actions:transcribeRecording", {
            recordingId,
          }),
        );
      expect(await ask()).toMatchObject({ state: "running" });
      const listening = await eventually("somebody listens", 60_000, async () => {
        const found = await survival.site.processes("speech");
        return found.length > 0 ? found : undefined;
      });
      await killAll(listening);
      await survival.kill("server");
      await ask();
      await until("all was heard", 170_000, async () => {
        const status = "transcripts/queries:getTranscriptStatus";
        const { state } = await host.query<{ state: string }>(status, { meetingId, recordingId });
        return state === "complete";
      });
      const found = (await lines()).sort((a, b) => a.startMs - b.startMs);
      const heard = found.map(which).filter((sentence) => sentence !== undefined);
      expect(heard.length).toBeGreaterThanOrEqual(2);
      expect(heard).toEqual(
        heard.map((_, index) => ((heard[0] === said[0]) === (index % 2 === 0) ? said[0] : said[1])),
      );
      expect(new Set(found.map(({ startMs }) => startMs)).size).toBe(found.length);
    });
  },
);

/** Both sentences, one after the other, each at its time; the first and the last may have been cut. */
function expectInTurn(found: readonly Line[]): void {
  const whole = found.slice(1, -1).map(which);
  expect(whole.length).toBeGreaterThan(1);
  const [first = said[0]] = whole;
  const other = said.find((one) => one !== first);
  expect(whole).toEqual(whole.map((_, index) => (index % 2 === 0 ? first : other)));
  const begun = found.slice(1).map(({ startMs }) => startMs);
  const between = begun.slice(1).map((startMs, index) => startMs - (begun[index] ?? 0));
  for (const ms of between) expect(Math.abs(ms - (seconds * 1_000) / 2)).toBeLessThan(1_000);
}

/** Captions cover neither names nor controls. */
async function expectApart({ page }: RoomWindow): Promise<void> {
  const bounds = async (selector: string) => {
    const box = await page.locator(selector).first().boundingBox();
    if (box === null) throw new Error(`${selector} is not seen`);
    return { top: box.y, bottom: box.y + box.height };
  };
  const captions = await bounds(".captions");
  expect((await bounds(".tile__name")).bottom).toBeLessThanOrEqual(captions.top);
  expect((await bounds(".controls")).top).toBeGreaterThanOrEqual(captions.bottom);
}

/** A sentence is shown within half a second of its sound, and nothing before. */
async function expectCaptions(watch: WatchPage, begun: readonly number[]): Promise<void> {
  const captionAt = async (at: number) => {
    await watch.seek(at);
    return (await watch.state()).caption;
  };
  expect(begun.length).toBeGreaterThan(1);
  for (const at of begun) {
    expect(await captionAt(at - 0.5)).toBe("");
    expect(captioned(await captionAt(at + 0.5))).toBeDefined();
  }
}
