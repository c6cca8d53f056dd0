import type { FileSource } from "./fileSource.ts";
import type { Source } from "./source.ts";

/** While it plays, the file waits that far ahead for the tracks to come by, ms of playing time. */
const leadMs = 600;
/** Nearer than this nobody notices the step, ms. */
const closeMs = 40;

/** Brings the finished file to where the tracks are, so that it can go on from there. */
export class Takeover {
  readonly #file: FileSource;
  #placed = false;

  constructor(file: FileSource) {
    this.#file = file;
  }

  /** The position has jumped: the file has to be placed again. */
  restart(): void {
    this.#placed = false;
  }

  /** @returns the file when it is ready to go on exactly where `current` is */
  tick(current: Source, rate: number): FileSource | undefined {
    const file = this.#file;
    file.tick();
    if (!this.#placed) {
      this.#placed = true;
      file.seek(current.positionMs + (current.advancing ? leadMs * rate : 0));
      return undefined;
    }
    if (!file.ready) return undefined;
    const ahead = file.positionMs - current.positionMs;
    if (Math.abs(ahead) <= closeMs * rate) return file;
    // Passed by while it was loading, or left far behind: once more from there.
    if (ahead < 0 || (!current.advancing && current.ready)) this.#placed = false;
    return undefined;
  }

  dispose(): void {
    this.#file.dispose();
  }
}
