import path from "node:path";
import type { Browser, JSHandle, Page } from "playwright-core";
import type { Rgb } from "./personPage.ts";

/** What `page/player.js` adds to a page. */
interface Player {
  open(url: string): Promise<{ duration: number; width: number; height: number }>;
  playUntil(seconds: number): Promise<number[]>;
  colours(seconds: number, points: readonly Point[]): Promise<Rgb[]>;
  pitch(seconds: number): Promise<number>;
}

/** Fractions of the picture's width and height. */
export type Point = readonly [x: number, y: number];

const program = path.join(import.meta.dirname, "page/player.js");

/** A file in a `<video>` of the browser; all times are seconds into it. */
export class Playback {
  readonly duration: number;
  readonly width: number;
  readonly height: number;
  #page: Page;
  #player: JSHandle<Player>;

  private constructor(
    page: Page,
    player: JSHandle<Player>,
    { duration, width, height }: { duration: number; width: number; height: number },
  ) {
    this.#page = page;
    this.#player = player;
    this.duration = duration;
    this.width = width;
    this.height = height;
  }

  /** Opens a link in nobody's page at `from`: the link alone must do. Rejects when the file cannot be played. */
  static async open(
    browser: Browser,
    url: string,
    from = new URL("/", url).href,
  ): Promise<Playback> {
    const page = await browser.newPage();
    // Not a script of the page's own: its policy takes none that its server did not send.
    await page.addInitScript({ path: program });
    await page.goto(from);
    const player = await page.evaluateHandle(
      () => new (globalThis as unknown as { Player: new () => Player }).Player(),
    );
    return new Playback(page, player, await player.evaluate((it, link) => it.open(link), url));
  }

  /** Plays from where it is until that position; the positions reported meanwhile. */
  playUntil(seconds: number): Promise<number[]> {
    return this.#player.evaluate((it, end) => it.playUntil(end), seconds);
  }

  /** Colours of the picture at a position. */
  colours(seconds: number, points: readonly Point[]): Promise<Rgb[]> {
    return this.#player.evaluate((it, [at, places]) => it.colours(at, places), [
      seconds,
      points,
    ] as const);
  }

  /** Pitch of the second of sound that begins there, Hz; 0 = silence. */
  pitch(seconds: number): Promise<number> {
    return this.#player.evaluate((it, at) => it.pitch(at), seconds);
  }

  close(): Promise<void> {
    return this.#page.close();
  }
}

/** The largest difference of two colours in one of their channels, 0–255. */
export function difference(one: Rgb | undefined, other: Rgb): number {
  return Math.max(...other.map((channel, index) => Math.abs(channel - (one?.[index] ?? 1000))));
}
