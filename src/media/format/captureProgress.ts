import { open } from "node:fs/promises";
import { join } from "node:path";
import { eventLogName, parseEvent } from "./eventLog.ts";
import type { CaptureEvent } from "./events.ts";
import { Pauses } from "./pauses.ts";
import { RecordedTime } from "./recordedTime.ts";

const chunkBytes = 1 << 18;

/** Follows how far a capture has got, reading only what its log has gained. */
export class CaptureProgress {
  #dir: string;
  #offset = 0;
  #torn = "";
  #startedAt: number | undefined;
  #lastT = 0;
  #pauses = new Pauses();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Length of the timeline so far, pauses cut out, ms. Throws ENOENT without a log. */
  async lengthMs(): Promise<number> {
    const handle = await open(join(this.#dir, eventLogName), "r");
    try {
      const buffer = Buffer.alloc(chunkBytes);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        this.#read(buffer.toString("utf8", 0, bytesRead));
      }
    } finally {
      await handle.close();
    }
    const startedAt = this.#startedAt ?? this.#lastT;
    return new RecordedTime(startedAt, this.#lastT, this.#pauses.spans).durationMs;
  }

  /** A character torn between two reads only spoils a name, which is not looked at. */
  #read(text: string): void {
    const lines = (this.#torn + text).split("\n");
    this.#torn = lines.pop() ?? "";
    for (const line of lines) {
      const event = parseEvent(line);
      if (event) this.#take(event);
    }
  }

  #take(event: CaptureEvent): void {
    if (event.type === "captureStart") this.#startedAt ??= event.t;
    if (event.type === "pause") this.#pauses.begin(event.t);
    if (event.type === "resume") this.#pauses.end(event.t);
    this.#lastT = Math.max(this.#lastT, event.t);
  }
}
