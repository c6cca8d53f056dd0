/** What was seen of one subscriber's downlink in the last second or so. */
export interface DownlinkSample {
  /** What the receiver says it can take, bit/s; undefined when it does not say or has not for a while. */
  estimate: number | undefined;
  /** Video sent to it, bit/s: estimates are of what carries send times, which sound does not. */
  sent: number;
  /** Largest share of a video track lost or asked for again, 0–1. */
  loss: number;
  /** How long packets wait on the way at most, ms. */
  waitingMs: number;
}

/** Losing more than this, a viewer sees broken pictures whatever is sent again. */
const heavyLoss = 0.15;
const someLoss = 0.02;
/** A queue: pictures come late; from the second on even the last is one too many. */
const longWaitMs = 300;
const longestWaitMs = 1000;
/** Only a clear shortfall counts. */
const clearShortfall = 0.7;
/** Looks in a row. */
const samplesToReduce = 2;
/** Looks before one more video is tried; doubled with every failure. */
const firstWait = 5;
const longestWait = 60;
/** A video that was taken back within this many samples was one too many. */
const probation = 5;

/**
 * Decides, once a second, how many videos one subscriber is sent, so that a weak one costs nobody else anything.
 * Nothing is decided from an estimate alone: one that a busy machine has spoilt grows by 8 % a second only.
 */
export class Downlink {
  #limit = Number.POSITIVE_INFINITY;
  #strained = 0;
  #calm = 0;
  #wait = firstWait;
  #sinceRaise = Number.POSITIVE_INFINITY;

  /** Videos that may be sent. */
  get limit(): number {
    return this.#limit;
  }

  /** Decides by a sample of the last second; `active` videos are being sent, `wanted` would be. */
  assess(sample: DownlinkSample, active: number, wanted: number): void {
    this.#sinceRaise++;
    if (isStrained(sample, active)) {
      this.#calm = 0;
      if (++this.#strained >= samplesToReduce) this.#reduce(sample, active);
      return;
    }
    this.#strained = 0;
    // What is sent now would stand behind what was too much before.
    if (sample.waitingMs >= longWaitMs) return;
    if (this.#limit >= wanted && this.#sinceRaise > longestWait) this.#wait = firstWait;
    if (++this.#calm >= this.#wait && this.#limit < wanted) this.#raise(wanted);
  }

  #reduce({ estimate, sent }: DownlinkSample, active: number): void {
    if (this.#sinceRaise <= probation) this.#wait = Math.min(longestWait, this.#wait * 2);
    const fits = estimate === undefined ? active - 1 : Math.floor((active * estimate) / sent);
    this.#limit = Math.max(0, Math.min(active - 1, Math.max(fits, active > 1 ? 1 : 0)));
    this.#strained = 0;
  }

  #raise(wanted: number): void {
    this.#limit++;
    this.#calm = 0;
    this.#sinceRaise = 0;
    if (this.#limit < wanted) return;
    this.#limit = Number.POSITIVE_INFINITY;
  }
}

/** The last video is given up for what is certain only: an estimate must not leave a viewer without any picture. */
function isStrained({ estimate, sent, loss, waitingMs }: DownlinkSample, active: number): boolean {
  if (active === 0) return false;
  if (loss >= heavyLoss) return true;
  if (estimate === undefined || estimate >= sent * clearShortfall) return false;
  if (active === 1) return waitingMs >= longestWaitMs;
  return loss >= someLoss || waitingMs >= longWaitMs;
}
