import type { RecordingPause } from "../../../core/recording.ts";
import { countBefore, countUntil } from "../../../core/sortedSearch.ts";
import type { PauseSpan } from "./pauses.ts";

/** A stretch without pauses: its place on the timeline, and what lies between wall time and timeline there, ms. */
export interface Section {
  startMs: number;
  endMs: number;
  /** Pauses before it: wall time since the start minus this is timeline time. */
  cutMs: number;
}

/** The recorded timeline of a capture: wall time since its start with the pauses cut out. */
export class RecordedTime {
  readonly pauses: RecordingPause[];
  readonly durationMs: number;
  #startedAt: number;

  /** Times are epoch ms; a pause that is still open ends with the capture. */
  constructor(startedAt: number, stoppedAt: number, spans: PauseSpan[]) {
    this.#startedAt = startedAt;
    let cutMs = 0;
    this.pauses = spans.map(({ from, to = stoppedAt }) => {
      const endedAt = Math.max(from, to);
      const pause = {
        ...{ atMs: from - startedAt - cutMs, durationMs: endedAt - from },
        ...{ startedAt: from, endedAt },
      };
      cutMs += pause.durationMs;
      return pause;
    });
    this.durationMs = stoppedAt - startedAt - cutMs;
  }

  /** Timeline time of an epoch time, ms; all of a pause is one instant. */
  at(epochMs: number): number {
    const last = this.pauses[countUntil(this.pauses, epochMs, ({ startedAt }) => startedAt) - 1];
    if (!last) return epochMs - this.#startedAt;
    const sinceMs = Math.max(0, epochMs - last.endedAt);
    return last.atMs + sinceMs;
  }

  /** The section that an epoch time lies in; of a time in a pause, the one that follows. */
  sectionAt(epochMs: number): Section {
    const before = countBefore(this.pauses, epochMs, ({ startedAt }) => startedAt);
    const last = this.pauses[before - 1];
    return {
      startMs: last?.atMs ?? 0,
      endMs: this.pauses[before]?.atMs ?? this.durationMs,
      cutMs: last ? last.endedAt - this.#startedAt - last.atMs : 0,
    };
  }
}
