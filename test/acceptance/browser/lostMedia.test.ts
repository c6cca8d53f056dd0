import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  getRecording,
  invite,
  type RecordingDetail,
  startedMeeting,
  startRecording,
  stopRecording,
} from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import { killHard } from "../support/processes.ts";
import { roomToken, whipUrl } from "../support/publishing.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { eventually, until } from "../support/until.ts";
import { closeWindows, inChromium, openChromium } from "./support/chromium.ts";
import { PersonPage, type Rgb } from "./support/personPage.ts";
import { difference, Playback } from "./support/playback.ts";

const red: Rgb = [200, 40, 60];
const blue: Rgb = [30, 90, 200];
const green: Rgb = [40, 150, 70];
/** Enough to tell the colours from each other and from the background. */
const tolerance = 45;
/** A silent publisher is given up within five seconds; some more until everybody knows. */
const leaveMs = 6500;
const small = { quality: "360p" };

inChromium("media lost on the way from the browser", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromium();
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  describe("when guests vanish", () => {
    let host: Person;
    let meetingId: string;
    let vanishedAfter: { how: string; ms: number }[];
    let recording: RecordingDetail;
    let timeOf: { together: number; alone: number };
    let file: Playback;

    const ways: Record<string, (guest: PersonPage) => Promise<unknown>> = {
      "page closed": ({ page }) => page.close(),
      "renderer crashed": (guest) => guest.crash(),
    };

    beforeAll(async () => {
      host = await signIn(server.url, "host");
      meetingId = await startedMeeting(host);
      const hostPage = await publishing(host, meetingId, red);
      const guests = await Promise.all(Object.keys(ways).map(guestPage));
      await until("everybody is seen", 60_000, async () => (await present()).length === 3);
      const { recordingId } = await startRecording(host, meetingId, small);
      const together = await recordedFor(host, recordingId, 4000);
      vanishedAfter = await Promise.all(
        Object.entries(ways).map(([how, vanish], index) => vanishing(how, vanish, guests[index])),
      );
      const since = (await getRecording(host, recordingId)).startedAt ?? 0;
      const alone = await recordedFor(host, recordingId, Date.now() - since + 1000);
      timeOf = { together: together - 0.5, alone: alone - 0.5 };
      await hostPage.sendsOn(15);
      await stopRecording(host, meetingId);
      await hostPage.context.close();
      recording = await isReady(host, recordingId);
      file = await openFile(host, recordingId);
    });

    afterAll(() => file?.close());

    it.each(Object.keys(ways))("one whose %s is seen to have left within seconds", (how) => {
      const found = vanishedAfter.find((one) => one.how === how);
      expect(found?.ms).toBeLessThanOrEqual(leaveMs);
    });

    it("goes on recording, without a gap", () => {
      expect(recording.gaps).toEqual([]);
      expect(recording.probe?.problems).toEqual([]);
      const hostVideo = recording.tracks.find(
        ({ kind, participantName }) => kind === "video" && participantName === "host",
      );
      expect(hostVideo?.endMs).toBeGreaterThan((recording.durationMs ?? 0) - 1000);
    });

    it("shows everybody's tile before, and the one left alone afterwards", async () => {
      // Two tiles above, one below, with the canvas around them.
      const tiles = [
        [0.25, 0.15],
        [0.75, 0.15],
        [0.5, 0.65],
        [0.1, 0.65],
      ] as const;
      const before = await file.colours(timeOf.together, tiles);
      const shown = before.map((colour) => nameOf(colour));
      expect(shown.slice(0, 3).sort()).toEqual(["blue", "green", "red"]);
      expect(shown[3]).toBe("none");
      const corners = [
        [0.02, 0.03],
        [0.98, 0.03],
        [0.98, 0.97],
      ] as const;
      const after = await file.colours(timeOf.alone, corners);
      expect(after.map(nameOf)).toEqual(["red", "red", "red"]);
    });

    async function guestPage(how: string, index: number): Promise<PersonPage> {
      const guest = await signIn(server.url, how);
      await invite(host, guest, meetingId);
      return publishing(guest, meetingId, index === 0 ? blue : green);
    }

    const people = () =>
      host.query<{ presence: string; leftAt?: number; user: { displayName?: string } }[]>(
        "meetings/queries:listMeetingParticipants",
        { meetingId },
      );
    const present = async () => (await people()).filter(({ presence }) => presence === "joined");

    async function vanishing(
      how: string,
      vanish: (guest: PersonPage) => Promise<unknown>,
      guest: PersonPage | undefined,
    ) {
      if (guest) await vanish(guest);
      const since = Date.now();
      const leftAt = await eventually(`${how} has left`, 60_000, async () => {
        const found = (await people()).find(({ user }) => user.displayName === how);
        return found?.presence === "left" ? found.leftAt : undefined;
      });
      return { how, ms: leftAt - since };
    }
  });

  describe("when the room process is killed", () => {
    let recording: RecordingDetail;
    /** Of the recording, ms: each surely before and surely after it happened. */
    let killed: { fromMs: number; toMs: number };
    let back: { fromMs: number; toMs: number };
    let file: Playback;

    beforeAll(async () => {
      const host = await signIn(server.url, "survivor");
      const meetingId = await startedMeeting(host);
      const page = await publishing(host, meetingId, green);
      const { recordingId } = await startRecording(host, meetingId, small);
      await recordedFor(host, recordingId, 4000);
      const startedAt = (await getRecording(host, recordingId)).startedAt ?? 0;
      killed = await killRooms(startedAt);
      await page.lost();
      const fromMs = Date.now() - startedAt;
      await publish(page, host, meetingId, blue);
      await page.sendsOn(1);
      back = { fromMs, toMs: Date.now() - startedAt };
      await recordedFor(host, recordingId, back.toMs + 3000);
      await stopRecording(host, meetingId);
      await page.context.close();
      recording = await isReady(host, recordingId);
      file = await openFile(host, recordingId);
    });

    afterAll(() => file?.close());

    it("goes on recording what the page publishes again, and lists the gap", () => {
      expect(recording.gaps).toHaveLength(1);
      const { startMs = 0, endMs = 0, reason } = recording.gaps[0] ?? {};
      expect(reason).toBe("recorder_restarted");
      expect(startMs).toBeGreaterThanOrEqual(killed.fromMs - 2000);
      expect(startMs).toBeLessThanOrEqual(killed.toMs + 200);
      expect(endMs).toBeGreaterThanOrEqual(back.fromMs - 200);
      expect(endMs).toBeLessThanOrEqual(back.toMs + 1000);
      expect(recording.durationMs).toBe((recording.stoppedAt ?? 0) - (recording.startedAt ?? 0));
    });

    it("shows what was published before and after", async () => {
      const middle = [[0.5, 0.2]] as const;
      const [before] = await file.colours((recording.gaps[0]?.startMs ?? 0) / 1000 - 0.5, middle);
      const [after] = await file.colours(file.duration - 0.5, middle);
      expect([before, after].map(nameOf)).toEqual(["green", "blue"]);
      expect(Math.abs(file.duration * 1000 - (recording.durationMs ?? 0))).toBeLessThanOrEqual(200);
    });
  });

  /** @returns when it was killed, ms since `startedAt` */
  async function killRooms(startedAt: number): Promise<{ fromMs: number; toMs: number }> {
    const [rooms] = await site.processes("rooms");
    if (!rooms) throw new Error("there is no room process");
    const fromMs = Date.now() - startedAt;
    killHard(rooms.pid);
    const toMs = Date.now() - startedAt;
    await until("another room process has taken over", 3000, async () => {
      const [other] = await site.processes("rooms");
      return other !== undefined && other.pid !== rooms.pid;
    });
    return { fromMs, toMs };
  }

  /** A page of `person` that publishes one colour. */
  async function publishing(person: Person, meetingId: string, colour: Rgb): Promise<PersonPage> {
    const page = await PersonPage.open(browser, server.url);
    await publish(page, person, meetingId, colour);
    return page;
  }

  async function publish(page: PersonPage, person: Person, meetingId: string, colour: Rgb) {
    await page.publish({
      whipUrl: await whipUrl(server.url, person, meetingId),
      token: await roomToken(person, meetingId),
      codec: "VP8",
      colours: [colour, colour],
      pitchHz: 500,
    });
  }

  async function openFile(person: Person, recordingId: string): Promise<Playback> {
    const { url } = await person.action<{ url: string }>("recordings/actions:createDownloadLink", {
      recordingId,
    });
    return Playback.open(browser, url);
  }
});

/** Waits until the recording is that long. @returns its length then, s */
function recordedFor(person: Person, recordingId: string, ms: number): Promise<number> {
  return eventually(`${ms} ms were recorded`, ms + 60_000, async () => {
    const { startedAt = Date.now(), state } = await getRecording(person, recordingId);
    expect(["starting", "recording"]).toContain(state);
    const length = Date.now() - startedAt;
    return length >= ms ? length / 1000 : undefined;
  });
}

function isReady(person: Person, recordingId: string): Promise<RecordingDetail> {
  return eventually("the recording is ready", 180_000, async () => {
    const found = await getRecording(person, recordingId);
    if (found.state === "failed") throw new Error(JSON.stringify(found.error));
    return found.state === "ready" ? found : undefined;
  });
}

function nameOf(colour: Rgb | undefined): string {
  const named = Object.entries({ red, blue, green });
  return named.find(([, rgb]) => difference(colour, rgb) <= tolerance)?.[0] ?? "none";
}
