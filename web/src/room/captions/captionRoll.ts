import { Store } from "../../state/store.ts";
import type { Line } from "../../transcript/placedLines.ts";
import { captionPieces } from "../../words/captionPieces.ts";

/** A piece of what somebody said. */
export interface Caption {
  key: string;
  /** Undefined where nobody knows who said it. */
  speakerId: string | undefined;
  text: string;
  /** How long after it was said it was written, ms. */
  lateMs: number;
}

/** Pieces that are seen at once. */
const mostShown = 2;
/** Pieces that wait for their turn; of more, the oldest are left out: captions must not fall behind. */
const mostWaiting = 6;
/** Nothing takes its place: so long it stays, ms. */
const stayMs = 8_000;
/** Until the next piece comes: two are seen at once, so that each can be read for twice as long, ms. */
const turnMs = ({ text }: Caption) => Math.max(800, text.length * 20);

/** Captions as they are read: what comes as one long line comes in pieces, and goes when nothing is said any more. */
export class CaptionRoll {
  readonly shown = new Store<readonly Caption[]>([]);
  #waiting: Caption[] = [];
  /** When each that is shown goes, by its key, ms of `performance.now()`. */
  readonly #ends = new Map<string, number>();
  #nextAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A guess is shown at once, and what it was a guess at takes its place. */
  add({ _id, speakerId, text, isInterim, createdAt, endMs }: Line): void {
    // Both by the server's clock: this machine's may be wrong.
    const lateMs = createdAt - endMs;
    const captions = captionPieces(text).map((piece, index) => {
      return { key: `${_id} ${index}`, speakerId, text: piece.replace("\n", " "), lateMs };
    });
    const guess = `guess ${speakerId}`;
    const last = captions.at(-1);
    if (last === undefined) return;
    if (isInterim === true) this.#show({ ...last, key: guess });
    else if (this.#ends.has(guess)) this.#show(last, guess);
    else this.#waiting = [...this.#waiting, ...captions].slice(-mostWaiting);
    this.#turn();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** In place of the one with that key, or below all others. */
  #show(caption: Caption, instead = caption.key): void {
    const now = performance.now();
    const shown = this.shown.get();
    const isThere = shown.some(({ key }) => key === instead);
    const next = isThere
      ? shown.map((one) => (one.key === instead ? caption : one))
      : [...shown, caption];
    this.#ends.delete(instead);
    this.#ends.set(caption.key, now + stayMs);
    this.#nextAt = now + turnMs(caption);
    this.#keep(next.slice(-mostShown));
  }

  #keep(shown: readonly Caption[]): void {
    for (const key of [...this.#ends.keys()])
      if (!shown.some((one) => one.key === key)) this.#ends.delete(key);
    this.shown.set(shown);
  }

  #turn(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const shown = this.shown.get();
    const left = shown.filter(({ key }) => (this.#ends.get(key) ?? 0) > now);
    if (left.length < shown.length) this.#keep(left);
    if (now >= this.#nextAt) {
      const next = this.#waiting.shift();
      if (next) this.#show(next);
    }
    const times = [...this.#ends.values(), ...(this.#waiting.length > 0 ? [this.#nextAt] : [])];
    if (times.length > 0)
      this.#timer = setTimeout(() => this.#turn(), Math.max(0, Math.min(...times) - now));
  }
}
