import type { Connection } from "../api/client.ts";
import { functions } from "../api/functions.ts";
import type { Answer } from "../api/watchedQueries.ts";
import { Store } from "../state/store.ts";
import type { Line } from "./placedLines.ts";

/** Lines of one look. */
const pageLength = 200;

interface Told {
  transcripts: Line[];
  nextSequence: number;
}

/** All lines of a meeting, page by page, and what is added to them. */
export class TranscriptFeed {
  /** Undefined until the first answer. */
  readonly lines = new Store<readonly Line[] | undefined>(undefined);
  readonly #connection: Connection;
  readonly #meetingId: string;
  readonly #pages: { get: () => Answer<Told>; close: () => void }[] = [];

  constructor(connection: Connection, meetingId: string) {
    this.#connection = connection;
    this.#meetingId = meetingId;
    this.#open(0);
  }

  close(): void {
    for (const { close } of this.#pages) close();
  }

  #open(fromSequence: number): void {
    const { subscribeTranscriptStream } = functions.realtime.subscriptions;
    const asked = { meetingId: this.#meetingId, fromSequence, limit: pageLength };
    const { get, subscribe } = this.#connection.watch(subscribeTranscriptStream, asked);
    this.#pages.push({ get, close: subscribe(() => this.#look()) });
    this.#look();
  }

  #look(): void {
    const told = this.#pages.map(({ get }) => get().value);
    const last = told.at(-1);
    if (last && last.transcripts.length === pageLength) {
      this.#open(last.nextSequence);
      return;
    }
    if (told.every((page) => page === undefined)) return;
    // A guess that went makes room at the end of its page for a line of the next.
    const lines = told.flatMap((page) => page?.transcripts ?? []);
    this.lines.set([...new Map(lines.map((line) => [line._id, line])).values()]);
  }
}
