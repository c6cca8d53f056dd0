import type { Clock } from "../../core/clock.ts";
import { isMissing } from "../../core/errorCode.ts";
import type { Log } from "../../core/log.ts";
import { sealCapture } from "../../media/format/describe.ts";
import { NotACaptureError } from "../../media/format/log/captureFolder.ts";
import { AbandonedCaptureError, attempted, mostAttempts } from "../contract/attempts.ts";
import { type CaptureTarget, endsSealed } from "../contract/unsealed.ts";

const salvageRetryMs = 2000;

/** Seals captures that nobody writes any more. */
export class FolderSealer {
  #deps: { clock: Clock; log: Log };
  #closing = new AbortController();

  constructor(deps: { clock: Clock; log: Log }) {
    this.#deps = deps;
  }

  /** Gives up on what the disk still refuses: the next process seals it. */
  close(): void {
    this.#closing.abort();
  }

  /** What is on the disk stays worth having: it is sealed as soon as the disk takes it. */
  async salvage(dir: string, reason: string): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.seal(dir, reason);
        return;
      } catch (error) {
        this.#deps.log.warn({ err: error, dir }, "capture not sealed yet");
        await this.#deps.clock.sleep(salvageRetryMs, signal);
      }
    }
  }

  /** Seals an unsealed capture that nobody writes; nothing to do where there is none, or none that can be sealed. */
  async seal(dir: string, reason: string): Promise<void> {
    try {
      if (await endsSealed(dir)) return;
      const seal = () => sealCapture(dir, reason, this.#deps.clock);
      await attempted(dir, mostAttempts.seal, seal);
    } catch (error) {
      if (error instanceof AbandonedCaptureError) {
        this.#deps.log.error({ err: error, dir }, "a capture is left as it is");
        return;
      }
      if (!(error instanceof NotACaptureError) && !isMissing(error)) throw error;
    }
  }

  /** Seals a capture in the background. */
  sealSoon({ dir, recordingId }: CaptureTarget): void {
    this.seal(dir, "recorder_failed").catch((error: unknown) => {
      this.#deps.log.error({ err: error, recordingId }, "a capture could not be sealed");
    });
  }
}
