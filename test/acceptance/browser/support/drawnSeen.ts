import { beepLengthMs, type Sound } from "../../../../src/synth/media/beep.ts";
import { flashes, median, type Seen } from "../../support/seen.ts";
import type { Noted } from "./drawnPerson.ts";

export interface Span {
  fromMs: number;
  toMs: number;
}

/** How well a browser keeps time. */
export interface Precision {
  /** Sound and picture may be this much apart, and a beep this much off its time, ms. */
  toleranceMs: number;
  /** A beep may come in pieces. */
  inPieces: boolean;
}

/** What another pitch's beginning leaves in the ear is shorter, ms. */
const clickMs = 15;
/** Shorter than the shortest packet that can be lost, ms. */
const drownedMs = 10;
/** A beep of 100 ms that is shorter in the file was cut, ms. */
const wholeMs = 70;
/** After standing still a page needs a moment, ms. */
const recoveryMs = 1500;

/** One person's part of a finished file beside what the page says it did; all times in ms of the file. */
export class DrawnSeen {
  readonly #log: readonly Noted[];
  readonly #startedAt: number;
  readonly #marks: Seen["marks"][number];
  readonly #colour: number;
  /** What is heard of the person, and for how long. */
  readonly sounds: { atMs: number; lengthMs: number }[];
  readonly flashes: number[];

  /** @param startedAt - when the file begins, epoch ms */
  constructor(
    log: readonly Noted[],
    startedAt: number,
    seen: { file: Seen; place: number; participant: number },
  ) {
    const { file, place, participant } = seen;
    this.#log = log;
    this.#startedAt = startedAt;
    this.#marks = file.marks[place] ?? [];
    this.#colour = participant;
    this.sounds = joined(file.sounds(participant))
      .filter(({ lengthMs }) => lengthMs >= clickMs)
      .map(({ startMs, lengthMs }) => ({ atMs: startMs, lengthMs }));
    this.flashes = flashes(this.#marks);
  }

  /** When a step was done. @throws Error when it was not */
  done(step: string): number {
    return this.#noted(`${step}: done`);
  }

  begun(step: string): number {
    return this.#noted(`${step}: begun`);
  }

  /** Beeps, or flashes, that were made in a stretch, but for those at which the page stood still. */
  made(what: "beep" | "flash", { fromMs, toMs }: Span): number[] {
    const still = this.#log.filter((noted) => noted.what === "stood still");
    return this.#log
      .filter((noted) => noted.what === what)
      .filter(({ at }) => {
        return !still.some((one) => at > one.at - 200 && at < (one.until ?? 0) + recoveryMs);
      })
      .map(({ at }) => at - this.#startedAt)
      .filter((ms) => ms >= fromMs && ms + beepLengthMs <= toMs);
  }

  /** How long sound or picture take from the page into the file: the middle of what was made in that stretch. */
  delay(what: "beep" | "flash", within: Span): number {
    return median(this.#delays(what, within).map(({ delayMs }) => delayMs));
  }

  /** Beeps made in a stretch that are not in the file whole at their time with that delay. */
  missing(within: Span, delayMs: number, { toleranceMs, inPieces }: Precision): number[] {
    return this.made("beep", within).filter((ms) => {
      const heard = this.sounds
        .filter(({ atMs }) => Math.abs(atMs - ms - delayMs) <= toleranceMs)
        .map(({ lengthMs }) => lengthMs);
      const length = inPieces ? heard.reduce((sum, one) => sum + one, 0) : Math.max(0, ...heard);
      return length < wholeMs;
    });
  }

  /** Sounds in a stretch of the file, and for how long each is heard. */
  heard({ fromMs, toMs }: Span): { atMs: number; lengthMs: number }[] {
    return this.sounds.filter(({ atMs, lengthMs }) => atMs + lengthMs > fromMs && atMs < toMs);
  }

  /** How much longer than its picture each sound in a stretch took into the file. */
  apart(within: Span): number[] {
    const flashes = this.#delays("flash", within);
    return this.#delays("beep", within).flatMap(({ madeMs, delayMs }) => {
      const flash = flashes.find((one) => Math.abs(one.madeMs - madeMs) < 500);
      return flash ? [delayMs - flash.delayMs] : [];
    });
  }

  /** How long each beep and each flash took into the file, for whoever has to find out what is wrong. */
  account(): string {
    const all = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
    const delays = (what: "beep" | "flash") =>
      this.#delays(what, all)
        .map(({ madeMs, delayMs }) => `${Math.round(madeMs)}+${Math.round(delayMs)}`)
        .join(" ");
    return `beeps ${delays("beep")}; flashes ${delays("flash")}`;
  }

  /** Times of the pictures in a stretch in which the person's camera is seen. */
  shown({ fromMs, toMs }: Span): number[] {
    return this.#marks
      .filter(({ ms, mark }) => ms >= fromMs && ms <= toMs && mark.colour === this.#colour)
      .map(({ ms }) => ms);
  }

  #delays(what: "beep" | "flash", within: Span): { madeMs: number; delayMs: number }[] {
    const found = what === "beep" ? this.sounds.map(({ atMs }) => atMs) : this.flashes;
    return this.made(what, within)
      .map((madeMs) => ({ madeMs, delayMs: nearest(found, madeMs) - madeMs }))
      .filter(({ delayMs }) => Math.abs(delayMs) < 500);
  }

  #noted(what: string): number {
    const found = this.#log.find((noted) => noted.what === what);
    if (!found) throw new Error(`the page did not note: ${what}`);
    return found.at - this.#startedAt;
  }
}

/** Four beeps at once are as loud as a file can be: what is above is turned down for a moment, and one of them may be drowned. */
function joined(sounds: readonly Sound[]): Sound[] {
  const whole: Sound[] = [];
  for (const sound of sounds) {
    const last = whole.at(-1);
    if (last && sound.startMs - last.startMs - last.lengthMs < drownedMs)
      last.lengthMs = sound.startMs + sound.lengthMs - last.startMs;
    else whole.push({ ...sound });
  }
  return whole;
}

function nearest(times: readonly number[], ms: number): number {
  const closest = (best: number, time: number) =>
    Math.abs(time - ms) < Math.abs(best - ms) ? time : best;
  return times.reduce(closest, Infinity);
}
