import { pitchOf } from "../../../../src/synth/media/beep.ts";
import { colourOf } from "../../../../src/synth/picture/palette.ts";
import { rgbOfYuv } from "../../../../src/synth/picture/picture.ts";
import type { Person } from "../../support/person.ts";
import { roomToken, whipUrl } from "../../support/publishing.ts";
import { until } from "../../support/until.ts";

/** What is used of a page of any browser. */
export interface Window {
  goto(url: string): Promise<unknown>;
  /** What an expression, or the promise it makes, comes to. */
  evaluate<T>(expression: string): Promise<T>;
}

/** What the page says that it did, epoch ms. */
export interface Noted {
  what: string;
  at: number;
  /** Of "stood still". */
  until?: number;
}

/** Somebody in a page of their own whose camera flashes and whose microphone beeps, in the wall clock's full seconds. */
export class DrawnPerson {
  readonly name: string;
  /** Tells colour and pitch, as everywhere in `src/synth`. */
  readonly participant: number;
  readonly #window: Window;

  private constructor(name: string, participant: number, window: Window) {
    this.name = name;
    this.participant = participant;
    this.#window = window;
  }

  /** Publishes as `person` from a window that has `page/drawnPerson.js`. */
  static async publish(
    window: Window,
    to: { url: string; person: Person; meetingId: string; participant: number },
  ): Promise<DrawnPerson> {
    const { url, person, meetingId, participant } = to;
    const { r, g, b } = rgbOfYuv(colourOf(participant));
    const given = {
      whipUrl: await whipUrl(url, person, meetingId),
      token: await roomToken(person, meetingId),
      rgb: [r, g, b],
      pitchHz: pitchOf(participant),
    };
    await window.evaluate(`person.publish(${JSON.stringify(given)})`);
    return new DrawnPerson(person.name, participant, window);
  }

  /** Does one of the page's `steps`. */
  async take(step: string): Promise<void> {
    await this.#window.evaluate(`person.take(${JSON.stringify(step)})`);
  }

  /** Waits until it has flashed and beeped that often more. */
  async hasFlashed(times: number): Promise<void> {
    const flashes = () => this.#window.evaluate<number>("person.flashes");
    const before = await flashes();
    await until(`${this.name} has flashed`, times * 1000 + 120_000, async () => {
      return (await flashes()) >= before + times;
    });
  }

  log(): Promise<Noted[]> {
    return this.#window.evaluate<Noted[]>("person.log");
  }
}
