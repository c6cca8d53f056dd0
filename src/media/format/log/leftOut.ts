import type { MediaSource } from "../../../core/media.ts";
import { captureLimits } from "./captureLimits.ts";
import type { CaptureEvent } from "./events.ts";

/** Whose media a limit kept out of a capture, and which limit. */
export interface LeftOut {
  participant: string;
  source: MediaSource;
  kind: "audio" | "video";
  reason: Extract<CaptureEvent, { type: "leftOut" }>["reason"];
}

/** What goes on being left out is told again after this time, ms. */
const againAfterMs = 10_000;

interface Entry {
  what: LeftOut;
  untold: number;
  toldAt: number;
}

/** Counts what is left out, to be told at once and then now and then, however much it is. */
export class LeftOutBook {
  #entries = new Map<string, Entry>();

  /** Counts; returns how many are to be told now, `now` in ms. */
  note(what: LeftOut, count: number, now: number): number {
    const { participant, source, kind, reason } = what;
    const key = `${reason} ${kind} ${source} ${participant}`;
    let entry = this.#entries.get(key);
    if (!entry && this.#entries.size >= captureLimits.leftOut) return 0;
    entry ??= { what, untold: 0, toldAt: Number.NEGATIVE_INFINITY };
    this.#entries.set(key, entry);
    entry.untold += count;
    if (now - entry.toldAt < againAfterMs) return 0;
    entry.toldAt = now;
    return take(entry);
  }

  /** What has not been told yet. */
  rest(): { what: LeftOut; count: number }[] {
    return [...this.#entries.values()]
      .map((entry) => ({ what: entry.what, count: take(entry) }))
      .filter(({ count }) => count > 0);
  }
}

function take(entry: Entry): number {
  const { untold } = entry;
  entry.untold = 0;
  return untold;
}
