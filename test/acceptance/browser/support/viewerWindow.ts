import path from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import {
  mediaAddress,
  type NetworkConditions,
  NetworkLink,
  rerouted,
} from "../../../../src/synth/transport/networkLink.ts";
import type { Person } from "../../support/person.ts";
import { roomToken, whipUrl } from "../../support/publishing.ts";

/** Counters of what a slot received, as browsers report them; absent before the first packet. */
export interface ReceivedSlot {
  audio: {
    packetsReceived?: number;
    totalAudioEnergy?: number;
    /** Never arrived, not even when sent again. */
    packetsLost?: number;
  };
  video: {
    framesDecoded?: number;
    frameWidth?: number;
    /** Times it asked for something again. */
    nackCount?: number;
  };
}

interface Globals {
  viewer: {
    firstPictures: number[];
    watch(subscription: { whepUrl: string; token: string; slots: number }): Promise<void>;
    leave(): Promise<void>;
    received(): Promise<ReceivedSlot[]>;
  };
}

const program = path.join(import.meta.dirname, "page/viewer.js");

/** A browser window that watches a meeting by WHEP, perhaps over a bad network. */
export class ViewerWindow {
  readonly page: Page;
  readonly #context: BrowserContext;
  #link: NetworkLink | undefined;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
  }

  /** Watches `meetingId` as `person`; its media comes over a network in these conditions. */
  static async watch(
    browser: Browser,
    url: string,
    { person, meetingId, slots = 2 }: { person: Person; meetingId: string; slots?: number },
    network?: NetworkConditions,
  ): Promise<ViewerWindow> {
    const context = await browser.newContext({ baseURL: url });
    await context.addInitScript({ path: program });
    const window = new ViewerWindow(context, await context.newPage());
    if (network) await window.#detour(network);
    await window.page.goto("/sign-in");
    const whepUrl = (await whipUrl(url, person, meetingId)).replace(/whip$/, "whep");
    const token = await roomToken(person, meetingId);
    await window.page.evaluate((given) => (globalThis as unknown as Globals).viewer.watch(given), {
      whepUrl,
      token,
      slots,
    });
    return window;
  }

  received(): Promise<ReceivedSlot[]> {
    return this.page.evaluate(() => (globalThis as unknown as Globals).viewer.received());
  }

  /** From the server's answer to the first picture in a slot, ms; undefined before. */
  async firstPicture(slot: number): Promise<number | undefined> {
    const all = await this.page.evaluate(
      () => (globalThis as unknown as Globals).viewer.firstPictures,
    );
    return all[slot];
  }

  /** How long what comes now stands in the queue of its network, ms. */
  get waitingMs(): number {
    return this.#link?.waitingBackMs ?? 0;
  }

  async close(): Promise<void> {
    await this.page.evaluate(() => (globalThis as unknown as Globals).viewer.leave());
    await this.#context.close();
    this.#link?.close();
  }

  /** Puts a bad network between the browser and the room: the answer names its port instead of the room's. */
  async #detour(network: NetworkConditions): Promise<void> {
    await this.page.route("**/whep", async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      const response = await route.fetch();
      const answer = await response.text();
      const target = mediaAddress(answer);
      if (!target) return route.fulfill({ response, body: answer });
      this.#link = await NetworkLink.open(target, network);
      return route.fulfill({ response, body: rerouted(answer, this.#link.port) });
    });
  }
}
