import { AppError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";

export interface DiskWatchParts {
  /** Less free than this is full, bytes. */
  floorBytes: number;
  /** Free bytes where captures are written. */
  freeBytes: () => Promise<number>;
  log: Log;
}

const everyMs = 1000;

/** Whether there is room for what is captured. */
export class DiskWatch {
  #parts: DiskWatchParts;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: DiskWatchParts) {
    this.#parts = parts;
  }

  /** To be asked before a capture begins. @throws AppError STREAM_ERROR where there is no room for it */
  async admit(): Promise<void> {
    if ((await this.#parts.freeBytes()) >= this.#parts.floorBytes) return;
    throw new AppError("STREAM_ERROR", "There is not enough disk space to record.", {
      reason: "disk_full",
    });
  }

  /** Looks once a second, however often it is called; `now` is monotonic, ms. Tells what is left above the floor, bytes. */
  async check(
    now: number,
    told: { full: () => void; left: (bytes: number) => void },
  ): Promise<void> {
    if (now - this.#checkedAt < everyMs) return;
    this.#checkedAt = now;
    const { floorBytes, log } = this.#parts;
    try {
      const free = await this.#parts.freeBytes();
      if (free >= floorBytes) {
        told.left(free - floorBytes);
        return;
      }
      log.error({ free, floor: floorBytes }, "disk space is running out");
      told.full();
    } catch (error) {
      log.error({ err: error }, "free disk space is unknown");
    }
  }
}
