import type { ServerResponse } from "node:http";
import { Socket } from "node:net";
import { RequestError } from "../replies/requestError.ts";

/** Files that are being sent at once: a player of a full room takes two for each person, a browser six connections a page. */
const limits = { total: 1024, perCaller: 64 };

/** How long a file's connection stays while its reader takes nothing: a paused player reads nothing, ms. */
const pausedPlayerMs = 3_600_000;

const retryAfter = { "retry-after": "5" };

/** Counts the files that are being sent: each is a descriptor and a buffer for as long as its reader likes. */
export class OpenFiles {
  readonly #limits: typeof limits;
  readonly #byCaller = new Map<string, number>();
  #open = 0;

  constructor(given = limits) {
    this.#limits = given;
  }

  /**
   * One more for this caller, until `response` is over.
   * @throws RequestError 429 where the caller has too many, 503 where all have
   */
  add(caller: string, response: ServerResponse): void {
    const ofCaller = this.#byCaller.get(caller) ?? 0;
    if (ofCaller >= this.#limits.perCaller) {
      const message = `You are reading ${ofCaller} files at once: finish some first`;
      throw new RequestError(429, "TooManyRequests", message, retryAfter);
    }
    if (this.#open >= this.#limits.total) {
      const message = "The server sends as many files as it can. Try again later.";
      throw new RequestError(503, "Overloaded", message, retryAfter);
    }
    this.#open += 1;
    this.#byCaller.set(caller, ofCaller + 1);
    if (response.socket instanceof Socket) response.socket.setTimeout(pausedPlayerMs);
    response.once("close", () => this.#done(caller));
  }

  #done(caller: string): void {
    this.#open -= 1;
    const left = (this.#byCaller.get(caller) ?? 0) - 1;
    if (left > 0) this.#byCaller.set(caller, left);
    else this.#byCaller.delete(caller);
  }
}
