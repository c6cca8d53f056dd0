import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canvasSize } from "../../../src/core/picture/geometry.ts";
import { tileRects } from "../../../src/core/picture/layout.ts";
import {
  getRecording,
  invite,
  type RecordingDetail,
  startedMeeting,
  startRecording,
  stopRecording,
} from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import { look, type Seen } from "../support/seen.ts";
import { openSite, type Site } from "../support/site.ts";
import { eventually } from "../support/until.ts";
import { closeWindows, inChromium, openChromium } from "./support/chromium.ts";
import { DrawnPerson, type Window } from "./support/drawnPerson.ts";
import { DrawnSeen, type Precision } from "./support/drawnSeen.ts";
import { inFirefox, openFirefox } from "./support/firefox/firefox.ts";
import { ownAddress } from "./support/ownAddress.ts";
import { type PageServer, servePage } from "./support/pageServer.ts";

/** How somebody in the meeting mutes and turns off the camera: steps of `page/drawnPerson.js`, and the ones that undo them. */
interface Habit {
  mutes: readonly [off: string, on: string];
  turnsOff: readonly [off: string, on: string];
}

const disabling: Habit = {
  mutes: ["disable the microphone", "enable the microphone"],
  turnsOff: ["disable the camera", "enable the camera"],
};
const taking: Habit = {
  mutes: ["take the microphone away", "give the microphone back"],
  turnsOff: ["take the camera away", "give the camera back"],
};
const stopping: Habit = {
  mutes: ["stop the microphone", "open another microphone"],
  turnsOff: disabling.turnsOff,
};
const suspending: Habit = {
  mutes: ["suspend the sound", "resume the sound"],
  turnsOff: taking.turnsOff,
};

const precise: Precision = { toleranceMs: 80, inPieces: false };
/** Without an audio device, Firefox plays its sound from a file: where cores are few late, and in pieces. */
const rough: Precision = { toleranceMs: 300, inPieces: true };
/** A picture of the file is shown from a little before what it shows, ms. */
const pictureMs = 80;
/** Until a camera that sends black is black, ms. */
const blackMs = 1000;
/** From then on after unmuting, or turning the camera on, everything is there again, ms. */
const backMs = 1000;
/** A browser sends sound this much later than it was made, at most: a mute, or the end, cuts that off; ms. */
const onItsWayMs = 300;

inChromium("people in Chromium who mute", () => {
  recorded([disabling, taking, stopping, suspending], async () => {
    const browser = await openChromium();
    return {
      open: async () => {
        const page = await browser.newPage();
        return { goto: (url) => page.goto(url), evaluate: (it) => page.evaluate(it) };
      },
      close: () => closeWindows(browser),
    };
  });
});

inFirefox("people in Firefox who mute", () => {
  recorded(
    [disabling, taking, stopping],
    async () => {
      const firefox = await openFirefox();
      return { open: () => firefox.newWindow(), close: () => firefox.closeWindows() };
    },
    { precision: rough, serverOptions: () => ({ CONNVO_RTC_ADDRESS: ownAddress() }) },
  );
});

interface Windows {
  open(): Promise<Window>;
  close(): Promise<void>;
}

/** What is special about a browser. */
interface Special {
  precision?: Precision;
  serverOptions?: () => Record<string, string>;
}

/**
 * One meeting of all of them, who mute at the same time, each in another way, later turn off their cameras and last change
 * their microphones.
 */
function recorded(
  habits: readonly Habit[],
  openWindows: () => Promise<Windows>,
  { precision = precise, serverOptions = () => ({}) }: Special = {},
): void {
  let site: Site;
  let pages: PageServer;
  let windows: Windows;
  let recording: RecordingDetail;
  let stopAskedAt: number;
  let seen: DrawnSeen[];

  beforeAll(async () => {
    site = await openSite();
    const { url } = await site.start(serverOptions());
    pages = await servePage("drawnPerson.js");
    windows = await openWindows();
    const host = await signIn(url, "Person 1");
    const meetingId = await startedMeeting(host);
    const people: DrawnPerson[] = [];
    for (const participant of habits.keys()) {
      const person = participant === 0 ? host : await guest(url, host, meetingId, participant);
      const window = await windows.open();
      await window.goto(pages.url);
      people.push(await DrawnPerson.publish(window, { url, person, meetingId, participant }));
    }
    const { recordingId } = await startRecording(host, meetingId, {
      quality: "360p",
      layout: "grid",
    });
    await live(people);
    stopAskedAt = Date.now();
    await stopRecording(host, meetingId);
    const logs = await Promise.all(people.map((person) => person.log()));
    await writeFile(path.join(path.dirname(site.dataDir), "pages.json"), JSON.stringify(logs));
    await windows.close();
    recording = await ready(host, recordingId);
    const file = await fileOf(host, recording);
    seen = habits.map((_, participant) => {
      return new DrawnSeen(logs[participant] ?? [], recording.startedAt ?? 0, {
        file,
        place: placeOf(file, participant),
        participant,
      });
    });
  });

  afterAll(async () => {
    await windows?.close();
    pages?.close();
    await site.close();
  });

  async function live(people: readonly DrawnPerson[]): Promise<void> {
    const everybody = (act: (person: DrawnPerson, habit: Habit) => Promise<void>) =>
      Promise.all(people.map((person, index) => act(person, habits[index] ?? disabling)));
    await everybody((person) => person.hasFlashed(8));
    await everybody((person, { mutes }) => person.take(mutes[0]));
    await everybody((person) => person.hasFlashed(7));
    await everybody((person, { mutes }) => person.take(mutes[1]));
    await everybody((person) => person.hasFlashed(6));
    await everybody((person, { turnsOff }) => person.take(turnsOff[0]));
    await everybody((person) => person.hasFlashed(5));
    await everybody((person, { turnsOff }) => person.take(turnsOff[1]));
    await everybody((person) => person.hasFlashed(3));
    await everybody((person) => person.take("change the microphone"));
    await everybody((person) => person.hasFlashed(5));
  }

  async function fileOf(host: Person, { recordingUrl, recordingId }: RecordingDetail) {
    const answer = await fetch(recordingUrl, {
      headers: { authorization: `Bearer ${host.token}` },
    });
    const file = path.join(path.dirname(site.dataDir), `${recordingId}.mp4`);
    await writeFile(file, Buffer.from(await answer.arrayBuffer()));
    return look(file, tileRects("grid", habits.length, canvasSize("360p")));
  }

  it("is recorded without gaps", () => {
    expect(recording.probe?.problems).toEqual([]);
    expect(recording.gaps).toEqual([]);
  });

  describe.each(habits.map((habit, index) => ({ ...habit, index })))(
    "$mutes.0, $turnsOff.0",
    ({ index, mutes: [mute, unmute], turnsOff: [cameraOff, cameraOn] }) => {
      const subject = () => {
        const one = seen[index];
        if (!one) throw new Error("nothing was recorded");
        return one;
      };
      const untilMuted = (one: DrawnSeen) => {
        return { fromMs: backMs, toMs: one.begun(mute) - onItsWayMs };
      };
      const muted = (one: DrawnSeen) => ({ fromMs: one.done(mute), toMs: one.begun(unmute) });
      const sinceUnmuted = (one: DrawnSeen) => {
        const toMs = (recording.durationMs ?? 0) - onItsWayMs;
        return { fromMs: one.done(unmute) + backMs, toMs };
      };

      it("is not heard while muted", () => {
        const one = subject();
        const delay = one.delay("beep", untilMuted(one));
        const { fromMs, toMs } = muted(one);
        expect(one.heard({ fromMs: fromMs + delay + 100, toMs: toMs + delay })).toEqual([]);
      });

      it("is heard in full before, and again after", () => {
        const one = subject();
        const delay = one.delay("beep", untilMuted(one));
        expect(one.made("beep", untilMuted(one)).length).toBeGreaterThan(3);
        expect(one.made("beep", sinceUnmuted(one)).length).toBeGreaterThan(10);
        expect(one.missing(untilMuted(one), delay, precision), one.account()).toEqual([]);
        expect(one.missing(sinceUnmuted(one), delay, precision), one.account()).toEqual([]);
      });

      it("keeps sound and picture together", () => {
        const one = subject();
        for (const span of [untilMuted(one), sinceUnmuted(one)]) {
          const apart = one.apart(span);
          expect(apart.length).toBeGreaterThan(3);
          expect(Math.max(...apart.map(Math.abs)), one.account()).toBeLessThanOrEqual(
            precision.toleranceMs,
          );
        }
      });

      it("is seen until the camera is off, and again within a second", () => {
        const one = subject();
        const off = one.done(cameraOff);
        const on = one.done(cameraOn);
        expect(one.shown({ fromMs: one.begun(cameraOff) - backMs, toMs: off })).not.toEqual([]);
        const since = { fromMs: off + blackMs, toMs: one.begun(cameraOn) - pictureMs };
        // A camera that is taken away without a word is like one before which nothing moves: its last picture stays.
        if (cameraOff === disabling.turnsOff[0]) expect(one.shown(since)).toEqual([]);
        else expect(one.shown(since)).not.toEqual([]);
        expect(one.shown({ fromMs: on, toMs: on + backMs })).not.toEqual([]);
      });

      it("is there in the last second", () => {
        const one = subject();
        const end = stopAskedAt - (recording.startedAt ?? 0);
        const last = { fromMs: end - 1500, toMs: end };
        expect(recording.durationMs).toBeGreaterThanOrEqual(end);
        expect(one.shown(last)).not.toEqual([]);
        expect(one.heard(last)).not.toEqual([]);
      });
    },
  );
}

async function guest(url: string, host: Person, meetingId: string, participant: number) {
  const person = await signIn(url, `Person ${participant + 1}`);
  await invite(host, person, meetingId);
  return person;
}

function ready(host: Person, recordingId: string): Promise<RecordingDetail> {
  return eventually("the recording is ready", 300_000, async () => {
    const found = await getRecording(host, recordingId);
    if (found.state === "failed") throw new Error(JSON.stringify(found.error));
    return found.state === "ready" ? found : undefined;
  });
}

/** Which tile shows a participant most of the time. */
function placeOf({ marks }: Seen, participant: number): number {
  const counts = marks.map((of) => of.filter(({ mark }) => mark.colour === participant).length);
  return counts.indexOf(Math.max(...counts));
}
