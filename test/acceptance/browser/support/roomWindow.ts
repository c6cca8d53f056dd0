import path from "node:path";
import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Locator,
  Page,
} from "playwright-core";
import { userIdOf } from "../../support/meetings.ts";
import type { Person } from "../../support/person.ts";
import { until } from "../../support/until.ts";

/** A track that arrives, since its connection began. */
export interface ReceivedTrack {
  kind: "audio" | "video";
  /** Which of the page's connections. */
  connection: number;
  /** Of the media line in that connection. */
  mid: string;
  framesDecoded: number;
  totalAudioEnergy: number;
}

interface Globals {
  received(): Promise<ReceivedTrack[]>;
}

/** Windows share few cores, and large pictures are work. */
const viewport = { width: 800, height: 500 };
const program = path.join(import.meta.dirname, "page/peers.js");
const waitMs = 30_000;
/** Where many windows share few cores, pictures may be spared; each of three is tried again after a minute at most. */
const mediaMs = 240_000;
/** Statistics of many tracks are work, which the pictures need more. */
const statisticsEveryMs = 500;

/** A browser window in which somebody who is signed in is at a meeting. */
export class RoomWindow {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly errors: string[] = [];

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.on("pageerror", ({ message }) => this.errors.push(message));
  }

  /** Opens nothing yet, as nobody. */
  static async empty(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<RoomWindow> {
    const context = await browser.newContext({ viewport, ...options, baseURL: url });
    await context.grantPermissions(["camera", "microphone"], { origin: url });
    await context.addInitScript({ path: program });
    return new RoomWindow(context, await context.newPage());
  }

  /** Opens the meeting's lobby. */
  static async open(
    browser: Browser,
    url: string,
    person: Person,
    meetingId: string,
    options: BrowserContextOptions = {},
  ): Promise<RoomWindow> {
    const window = await RoomWindow.empty(browser, url, options);
    const session = {
      userId: await userIdOf(person),
      name: person.name,
      token: person.token,
      expiresAt: Date.now() + 3_600_000,
    };
    const stored = JSON.stringify(JSON.stringify(session));
    await window.context.addInitScript(`localStorage.setItem("connvo.session", ${stored})`);
    await window.page.goto(`/meet/${meetingId}`);
    return window;
  }

  /** Opens it and goes in. */
  static async join(...given: Parameters<typeof RoomWindow.open>): Promise<RoomWindow> {
    const window = await RoomWindow.open(...given);
    await window.press("Join now");
    await window.button("Leave").waitFor({ timeout: waitMs });
    return window;
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  press(name: string): Promise<void> {
    return this.button(name).click({ timeout: waitMs });
  }

  /** Somebody's picture, or their screen's (`Ada's screen`). */
  tile(name: string): Locator {
    return this.page
      .getByRole("region", { name: "People" })
      .getByRole("listitem", { name, exact: true });
  }

  /** Waits until somebody's picture, or their screen's, is shown. */
  showsPictureOf(name: string): Promise<void> {
    return this.tile(name).getByLabel(`Picture of ${name}`).waitFor({ timeout: mediaMs });
  }

  /** Words anywhere in the window. */
  shows(text: string | RegExp): Promise<void> {
    return this.page.getByText(text).first().waitFor({ timeout: waitMs });
  }

  received(): Promise<ReceivedTrack[]> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).received());
  }

  /** Waits until that many others are seen in motion and heard, counted from now. */
  async seesAndHears(others: number): Promise<void> {
    const since = JSON.stringify(await this.received());
    // Playwright's own `waitForFunction` takes the promise of an answer for the answer.
    const isSeen = async () => (await this.page.evaluate<number>(`progress(${since})`)) >= others;
    await until(`${others} others are seen and heard`, mediaMs, isSeen, statisticsEveryMs);
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
