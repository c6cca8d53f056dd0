import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { WhipPublisher } from "../../../src/synth/transport/whipPublisher.ts";
import { inRoom, invite, startedMeeting } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import { mediaOf, publish } from "../support/publishing.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { eventually, until } from "../support/until.ts";
import { closeWindows, inChromium, openChromium } from "./support/chromium.ts";
import { type ReceivedSlot, ViewerWindow } from "./support/viewerWindow.ts";

/** Frames per second of each publisher, and its bit rate, kbit/s. */
const fps = 15;
const videoKbps = 500;
/** What a viewer is to have at least of the frames that are sent, and at most may lack of the sound. */
const leastFrames = 0.85;
const mostLost = 0.015;

inChromium("viewers on networks of their own", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let host: Person;
  let guest: Person;
  let meetingId: string;
  let publishers: WhipPublisher[];
  let windows: ViewerWindow[] = [];

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromium();
    host = await signIn(server.url, "host");
    guest = await signIn(server.url, "guest");
    meetingId = await startedMeeting(host);
    await invite(host, guest, meetingId);
    publishers = await Promise.all(
      [host, guest].map(async (person, index) => {
        const media = await mediaOf(index, { fps, videoKbps });
        return publish(server.url, person, meetingId, { media });
      }),
    );
    await until("both are in the room", 60_000, async () => (await inRoom(host, meetingId)) === 2);
  });

  afterEach(async () => {
    await Promise.all(windows.map((window) => window.close()));
    windows = [];
  });

  afterAll(async () => {
    await Promise.all((publishers ?? []).map((publisher) => publisher.close()));
    await closeWindows(browser);
    await site.close();
  });

  /** Somebody who publishes nothing watches both. */
  async function watch(network?: Parameters<typeof ViewerWindow.watch>[3]): Promise<ViewerWindow> {
    const person = await signIn(server.url, `viewer ${crypto.randomUUID().slice(0, 8)}`);
    await invite(host, person, meetingId, "observer");
    const window = await ViewerWindow.watch(browser, server.url, { person, meetingId }, network);
    windows.push(window);
    return window;
  }

  const sentFrames = () => publishers[0]?.sentFrames.length ?? 0;

  /**
   * What a window receives from now on, while the first publisher sends that many frames, and more until all of it is
   * `asItShould`: a browser that was held up shows late what it received in time. Resolves also when that never is.
   */
  async function during(
    window: ViewerWindow,
    frames: number,
    asItShould: (slot: Received) => boolean = () => true,
  ): Promise<Received[]> {
    const sentBefore = sentFrames();
    const before = await window.received();
    const look = async () => {
      const after = await window.received();
      const sent = sentFrames() - sentBefore;
      return after.map((slot, index) => difference(slot, before[index], sent));
    };
    await until(`${frames} frames were sent`, 90_000, () => sentFrames() >= sentBefore + frames);
    const patienceEnds = performance.now() + 60_000;
    return eventually("it was looked at", 90_000, async () => {
      const seen = await look();
      return seen.every(asItShould) || performance.now() > patienceEnds ? seen : undefined;
    });
  }

  it("whoever comes late has everybody's picture at once, and their sound", async () => {
    const window = await watch();
    for (const slot of [0, 1]) {
      const ms = await eventually("there is a picture", 60_000, () => window.firstPicture(slot));
      // A key frame is asked for at once: without, it would take the publisher's own interval.
      expect(ms).toBeLessThan(5000);
    }
    await until("both are heard", 60_000, async () =>
      (await window.received()).every(({ audio }) => (audio.totalAudioEnergy ?? 0) > 0),
    );
  });

  it("3 % loss costs neither pictures nor sound: what is lost is sent again", async () => {
    const window = await watch({ loss: 0.03, delayMs: 10, random: random(3) });
    await until("pictures come", 60_000, async () => (await window.firstPicture(1)) !== undefined);
    for (const slot of await during(window, 150, isWhole)) {
      expect(slot.nackCount).toBeGreaterThan(0);
      expect(slot.frameShare).toBeGreaterThan(leastFrames);
      expect(slot.audioPackets).toBeGreaterThan(100);
      expect(slot.audioLost / slot.audioPackets).toBeLessThan(mostLost);
    }
  });

  it.each([
    ["loses what is too much", 250],
    ["keeps all of it waiting", 60_000],
  ])(
    "a weak viewer whose network %s hears everybody, and nobody else's picture is worse for it",
    async (_, queueMs) => {
      const strong = await watch();
      await until(
        "pictures come",
        60_000,
        async () => (await strong.firstPicture(1)) !== undefined,
      );
      const network = { loss: 0, delayMs: 10, kbps: 400, queueMs, random: random(1) };
      const weak = await watch(network);
      await until("the weak one is spared a picture", 90_000, async () => {
        const rates = await during(weak, 30);
        return rates.some(({ frameShare }) => frameShare === 0);
      });
      const [seen, spared] = await Promise.all([during(strong, 90, isSmooth), during(weak, 90)]);
      for (const slot of seen) {
        expect(slot.frameShare).toBeGreaterThan(leastFrames);
        expect(slot.frameWidth).toBe(640);
      }
      for (const slot of spared) expect(slot.audioPackets).toBeGreaterThan(0);
      // Nothing more is sent before what was too much has got through.
      await until("nothing waits any more", 90_000, () => weak.waitingMs < 300);
      // Nobody told the publishers to send less.
      for (const { stats } of publishers)
        expect(stats.bitrateLimit ?? Number.POSITIVE_INFINITY).toBeGreaterThan(videoKbps * 1000);
    },
  );
});

interface Received {
  /** Frames decoded, of those sent meanwhile. */
  frameShare: number;
  frameWidth: number | undefined;
  nackCount: number;
  audioPackets: number;
  audioLost: number;
}

const isSmooth = ({ frameShare }: Received) => frameShare > leastFrames;
const isWhole = (slot: Received) => isSmooth(slot) && slot.audioLost / slot.audioPackets < mostLost;

function difference(after: ReceivedSlot, before: ReceivedSlot | undefined, sent: number): Received {
  const grown = (of: (slot: ReceivedSlot) => number | undefined) =>
    (of(after) ?? 0) - ((before && of(before)) ?? 0);
  return {
    frameShare: grown(({ video }) => video.framesDecoded) / sent,
    frameWidth: after.video.frameWidth,
    nackCount: grown(({ video }) => video.nackCount),
    audioPackets: grown(({ audio }) => audio.packetsReceived),
    audioLost: grown(({ audio }) => audio.packetsLost),
  };
}

/** The same numbers in [0, 1) every time (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
