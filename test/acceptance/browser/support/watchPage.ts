import path from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Person } from "../../support/person.ts";

/** What `page/watcher.js` adds to a page. */
interface Watcher {
  state(): PlayerState;
  play(): Promise<void>;
  pause(): void;
  seek(seconds: number): Promise<void>;
  set(change: { rate?: number; volume?: number }): void;
  colours(): Promise<ShownColour[]>;
  lipSync(seconds: number): Promise<LipSync[]>;
  beeps(seconds: number): Promise<Omit<LipSync, "flashes">[]>;
  voices(seconds: number): Promise<Omit<LipSync, "flashes">[]>;
}

interface Globals {
  watcher: Watcher;
  localStorage: { setItem(key: string, value: string): void };
}

export interface ShownColour {
  name: string;
  /** 0–255 each. */
  rgb: [red: number, green: number, blue: number];
}

export interface PlayerState {
  source: "tracks" | "file" | undefined;
  currentTime: number;
  duration: number;
  paused: boolean;
  playbackRate: number;
  volume: number;
  captions: boolean;
  caption: string;
  names: string[];
  error: string | undefined;
  /** How far each loaded track is ahead of the recording's time, ms. */
  drifts: { trackId: string; kind: string; driftMs: number }[];
}

/** Of one participant: when flashes were seen and beeps heard, s of the recording. */
export interface LipSync {
  name: string;
  flashes: number[];
  beeps: number[];
}

const programs = ["ear.js", "attention.js", "watcher.js"].map((file) =>
  path.join(import.meta.dirname, "page", file),
);

/** The page on which a person watches a recording. */
export class WatchPage {
  readonly context: BrowserContext;
  readonly page: Page;

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
  }

  /** Opens `/watch/{recordingId}` as somebody who is signed in. */
  static async open(
    browser: Browser,
    url: string,
    { person, userId, recordingId }: { person: Person; userId: string; recordingId: string },
  ): Promise<WatchPage> {
    const context = await browser.newContext({ baseURL: url });
    const { name, token } = person;
    const session = { userId, name, token, expiresAt: Date.now() + 3_600_000 };
    await context.addInitScript(
      (value) => (globalThis as unknown as Globals).localStorage.setItem("connvo.session", value),
      JSON.stringify(session),
    );
    return WatchPage.opened(context, async () => {
      const page = await context.newPage();
      await page.goto(`/watch/${recordingId}`);
    });
  }

  /** The page that `open` brings about, as a person's click does. */
  static async opened(context: BrowserContext, open: () => Promise<void>): Promise<WatchPage> {
    for (const program of programs) await context.addInitScript({ path: program });
    const [page] = await Promise.all([context.waitForEvent("page"), open()]);
    return new WatchPage(context, page);
  }

  state(): Promise<PlayerState> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).watcher.state());
  }

  play(): Promise<void> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).watcher.play());
  }

  pause(): Promise<void> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).watcher.pause());
  }

  /** Resolves when the picture and the sound there are loaded. */
  seek(seconds: number): Promise<void> {
    return this.page.evaluate((to) => (globalThis as unknown as Globals).watcher.seek(to), seconds);
  }

  set(change: { rate?: number; volume?: number }): Promise<void> {
    return this.page.evaluate((to) => (globalThis as unknown as Globals).watcher.set(to), change);
  }

  /** The mean colour of each picture that is shown, in a band below its top. */
  colours(): Promise<ShownColour[]> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).watcher.colours());
  }

  /** Plays for some seconds and notes what is seen and heard; again what could have been missed. */
  lipSync(seconds: number): Promise<LipSync[]> {
    return this.page.evaluate(
      (length) => (globalThis as unknown as Globals).watcher.lipSync(length),
      seconds,
    );
  }

  /** The same for what is heard alone. */
  beeps(seconds: number): Promise<Omit<LipSync, "flashes">[]> {
    return this.page.evaluate(
      (length) => (globalThis as unknown as Globals).watcher.beeps(length),
      seconds,
    );
  }

  /** Plays for some seconds. @returns when each sentence of one who has a picture begins, s of the recording */
  async voices(seconds: number): Promise<number[]> {
    const heard = await this.page.evaluate(
      (length) => (globalThis as unknown as Globals).watcher.voices(length),
      seconds,
    );
    return heard.flatMap(({ beeps }) => beeps);
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
