import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { WatchedPage } from "../acceptance/browser/support/watchedPage.ts";
import type { Person } from "../acceptance/support/person.ts";
import { type Sentence, voiceFile } from "../media/support/spoken.ts";

/** Colours of a drawn person, as CSS has them. */
interface Look {
  wall: string;
  skin: string;
  hair: string;
  shirt: string;
  long: boolean;
}

/** Who is in the pictures. */
export const looks = {
  "Ada Lovelace": {
    ...{ wall: "#5c6f97", skin: "#e8c19f", hair: "#5a3a2b", shirt: "#2d88ad", long: true },
  },
  "Grace Hopper": {
    ...{ wall: "#8a6f8f", skin: "#cb8563", hair: "#16161a", shirt: "#c2183c", long: true },
  },
  "Alan Turing": {
    ...{ wall: "#5f8272", skin: "#f6d5b4", hair: "#9a4524", shirt: "#e99650", long: false },
  },
  "Mary Keller": {
    ...{ wall: "#77798a", skin: "#8a5122", hair: "#20130b", shirt: "#7196cf", long: true },
  },
} as const satisfies Record<string, Look>;

export type Name = keyof typeof looks;

const camera = path.join(import.meta.dirname, "camera.js");

/** A time of day when people meet, whenever the pictures are taken. */
const hour = 14;

interface Opening {
  person: Person;
  address: string;
  /** CSS pixels. */
  size: readonly [width: number, height: number];
}

/** Opens a page as somebody who is signed in and has a camera and a voice. */
export async function openAs(
  browser: Browser,
  url: string,
  { person, address, size: [width, height] }: Opening,
): Promise<Page> {
  const watched = await WatchedPage.open(browser, url, {
    viewport: { width, height },
    locale: "en-US",
    timezoneId: zoneWithHour(hour),
    reducedMotion: "reduce",
  });
  await watched.keepSignedIn(person);
  await watched.context.addInitScript({ path: camera });
  const look = JSON.stringify(looks[person.name as Name]);
  await watched.context.addInitScript(`camera.look = ${look}`);
  await watched.page.goto(address);
  return watched.page;
}

/** Lets the person in that page say a sentence; resolves once it is said. */
export async function say(page: Page, sentence: Sentence): Promise<void> {
  const file = (await readFile(voiceFile(sentence))).toString("base64");
  await page.evaluate(`camera.voice = { sentence: "${file}" }; camera.say("sentence")`);
}

/** The time zone in which it is that hour now; its names count hours to the west. */
function zoneWithHour(wanted: number): string {
  const west = new Date().getUTCHours() - wanted;
  return `Etc/GMT${west < 0 ? west : `+${west}`}`;
}
