import { type Backoff, backoffMs } from "../../core/backoff.ts";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { controlProtocol, type Health } from "../../rooms/contract/protocol.ts";

/** What a supervisor does to the outside world. */
export interface RoomProcessHost {
  /** The running process; undefined when none answers. */
  health(): Promise<Health | undefined>;
  /** Starts a process; resolves when that process ends, with whether it ended by a failure. */
  spawn(): { exited: Promise<{ failed: boolean }> };
  /** Resolves when the process is gone or no longer answers. */
  follow(signal: AbortSignal): Promise<void>;
  /** Asks the process to leave; open captures are continued by the next one. */
  shutdown(): Promise<void>;
  /** Ends a process that holds the folder but does not answer; false when there is none that is surely ours. */
  killStuck(): Promise<boolean>;
  /** Ends the process, by force when it takes too long or there is `hurry`, unless another server follows it. */
  end(hurry: AbortSignal): Promise<void>;
}

export interface SupervisorOptions {
  /** Digest of the settings a process must have been started with. */
  settings: string;
  clock: Clock;
  log: Log;
}

const healthRetryMs = 20;
/** A process that has not answered by then is given up. */
const launchMs = 8000;
/** Failures after which a server's start is given up: nobody wants to wait for a port that stays taken. */
const startAttempts = 5;
/** A process that lives longer than this has not died quickly. */
const quickMs = 10_000;
const freeRestarts = 3;
const restarts: Backoff = { firstMs: 250, mostMs: 30_000 };

/** Keeps one room process running: adopts a live one, replaces an outdated one, restarts a dead one at once. */
export class Supervisor {
  #host: RoomProcessHost;
  #options: SupervisorOptions;
  #closing = new AbortController();
  #quickDeaths = 0;
  #running: Promise<void> | undefined;

  constructor(host: RoomProcessHost, options: SupervisorOptions) {
    this.#host = host;
    this.#options = options;
  }

  /**
   * Resolves once a room process answers. Goes on supervising until `stop`.
   * @throws when none can be started; also when `stopWanted` aborts meanwhile
   */
  async start(stopWanted?: AbortSignal): Promise<void> {
    const giveUp = () => this.#closing.abort();
    stopWanted?.addEventListener("abort", giveUp);
    const started = await this.#ensure(startAttempts);
    stopWanted?.removeEventListener("abort", giveUp);
    if (!started) throw new Error("the room process does not start");
    this.#running = this.#supervise();
  }

  /** Stops supervising; the room process goes on. */
  async stop(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  /** Stops supervising and ends the room process, unless another server follows it. */
  async end(hurry: AbortSignal): Promise<void> {
    await this.stop();
    await this.#host.end(hurry);
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#closing;
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      const since = clock.now();
      await this.#host.follow(signal);
      if (signal.aborted) return;
      log.warn({}, "the room process is gone");
      this.#quickDeaths = clock.now() - since < quickMs ? this.#quickDeaths + 1 : 1;
      await this.#ensure(Number.POSITIVE_INFINITY);
    }
  }

  /** Tries until a process answers, `attempts` times at most and never against a persistent failure at full speed. */
  async #ensure(attempts: number): Promise<boolean> {
    const { signal } = this.#closing;
    for (let attempt = 0; attempt < attempts && !signal.aborted; attempt++) {
      if (await this.#adopt()) return true;
      await this.#pause();
      if (signal.aborted) return false;
      if (await this.#launch()) return true;
      this.#quickDeaths++;
      await this.#host.killStuck();
    }
    return false;
  }

  async #adopt(): Promise<boolean> {
    const health = await this.#host.health();
    if (!health) return false;
    const { log, settings } = this.#options;
    const outdated = health.protocol !== controlProtocol;
    const changed = health.settings !== settings;
    if (!outdated && !(changed && health.idle)) {
      if (changed)
        log.warn(
          { pid: health.pid },
          "the room process keeps its earlier settings until it is idle",
        );
      log.info({ pid: health.pid }, "room process adopted");
      return true;
    }
    log.info({ pid: health.pid, outdated }, "room process is replaced");
    await this.#host.shutdown();
    return false;
  }

  async #launch(): Promise<boolean> {
    const { clock, log } = this.#options;
    const deadline = clock.now() + launchMs;
    let failed = false;
    const { exited } = this.#host.spawn();
    // A process that finds another one serving ends well; that other one is then about to answer.
    exited.then(
      (exit) => {
        failed = exit.failed;
      },
      () => {
        failed = true;
      },
    );
    while (!this.#closing.signal.aborted && !failed && clock.now() < deadline) {
      const health = await this.#host.health();
      if (health) {
        log.info({ pid: health.pid }, "room process is up");
        return true;
      }
      await clock.sleep(healthRetryMs, this.#closing.signal);
    }
    log.error({ failed }, "the room process did not come up");
    return false;
  }

  async #pause(): Promise<void> {
    const beyond = this.#quickDeaths - freeRestarts;
    if (beyond <= 0) return;
    const ms = backoffMs(restarts, beyond);
    this.#options.log.warn({ ms, quickDeaths: this.#quickDeaths }, "room process restarts later");
    await this.#options.clock.sleep(ms, this.#closing.signal);
  }
}
