import type { Clock } from "../../../core/clock.ts";
import type { UnsealedCapture, Uptime } from "../log/captureFolder.ts";

export interface CaptureClockDeps {
  /** Says when a capture begins. */
  clock: Clock;
  /** Monotonic ms: how long a capture lasts, whatever the clock is set to meanwhile; left out: the clock's. */
  now?: () => number;
  /** Tells a process that takes a capture over how long nobody wrote it; left out: the clock alone does. */
  uptime?: () => Uptime | undefined;
}

/**
 * The time of one capture, epoch ms: the wall clock's when it began, and from then on what has passed, from process to
 * process. Nobody can set it.
 */
export class CaptureClock {
  #monotonic: () => number;
  /** What the capture's time is ahead of the monotonic one, ms. */
  #aheadMs: number;

  private constructor(now: number, deps: CaptureClockDeps) {
    this.#monotonic = deps.now ?? (() => deps.clock.now());
    this.#aheadMs = now - this.#monotonic();
  }

  /** Of a capture that begins now. */
  static begin(deps: CaptureClockDeps): CaptureClock {
    return new CaptureClock(Math.round(deps.clock.now()), deps);
  }

  /** Of a capture that a dead process left: by how long this machine has been up since its last sign of life, if that is told. */
  static goOn({ lastT, lastUptime }: UnsealedCapture, deps: CaptureClockDeps): CaptureClock {
    const up = deps.uptime?.();
    const known = lastUptime !== undefined && up?.boot === lastUptime.boot;
    const now = known ? lastUptime.t + up.upMs - lastUptime.upMs : deps.clock.now();
    return new CaptureClock(Math.max(lastT, now), deps);
  }

  now(): number {
    return Math.round(this.#monotonic() + this.#aheadMs);
  }
}
