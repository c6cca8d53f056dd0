import type { Connection } from "../../api/client.ts";
import { functions } from "../../api/functions.ts";
import type { Watch } from "../../api/watchedQueries.ts";
import type { Line } from "../../transcript/placedLines.ts";

/** Lines of a look while catching up with what was written before. */
const longPage = 200;
/** Afterwards: each new line brings all of its page again. */
const shortPage = 20;
const againMs = 3_000;

interface Page {
  watch: Watch<{ transcripts: Line[]; nextSequence: number }>;
  limit: number;
  close: () => void;
}

/** What is said from now on in a meeting; nothing that was said before, however often it is opened. */
export class CaptionFeed {
  readonly #connection: Connection;
  readonly #meetingId: string;
  readonly #onLine: (line: Line) => void;
  #page: Page | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #caughtUp = false;
  /** Of the last line that is known. */
  #sequence = 0;
  #closed = false;

  constructor(connection: Connection, meetingId: string, onLine: (line: Line) => void) {
    this.#connection = connection;
    this.#meetingId = meetingId;
    this.#onLine = onLine;
    void this.#begin();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#page?.close();
  }

  /** As many lines as there are have that number at most: only what follows is asked for. */
  async #begin(): Promise<void> {
    const { getTranscriptStats } = functions.transcripts.ingestion;
    try {
      const asked = { meetingId: this.#meetingId };
      const { totalChunks } = await this.#connection.mutation(getTranscriptStats, asked);
      if (!this.#closed) this.#open(totalChunks);
    } catch {
      if (!this.#closed) this.#timer = setTimeout(() => void this.#begin(), againMs);
    }
  }

  #open(fromSequence: number): void {
    this.#page?.close();
    const limit = this.#caughtUp ? shortPage : longPage;
    const { subscribeTranscriptStream } = functions.realtime.subscriptions;
    const watch = this.#connection.watch(subscribeTranscriptStream, {
      ...{ meetingId: this.#meetingId, fromSequence, limit },
    });
    this.#page = { watch, limit, close: watch.subscribe(() => this.#look()) };
    this.#look();
  }

  #look(): void {
    if (this.#closed || this.#page === undefined) return;
    const { watch, limit } = this.#page;
    const { value } = watch.get();
    if (value === undefined) return;
    const { transcripts, nextSequence } = value;
    const isFull = transcripts.length === limit;
    const wasCaughtUp = this.#caughtUp;
    this.#caughtUp ||= !isFull;
    const fresh = transcripts.filter(({ sequence }) => sequence > this.#sequence);
    this.#sequence = Math.max(this.#sequence, nextSequence);
    if (wasCaughtUp) for (const line of fresh) this.#onLine(line);
    if (isFull || !wasCaughtUp) this.#open(nextSequence);
  }
}
