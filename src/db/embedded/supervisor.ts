import { rm } from "node:fs/promises";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { EmbeddedPostgresError } from "../errors.ts";
import { isUnavailable } from "../failures.ts";
import { ensureOwner } from "./cluster.ts";
import type { EmbeddedPostgres } from "./embeddedPostgres.ts";
import { Keeper } from "./keeper.ts";
import { isPostgres, isRunning, readLockFile, removeStaleLock } from "./lockFile.ts";
import { type PostmasterOptions, spawnPostmaster, startFailure } from "./postmaster.ts";
import { ensureSocketDir } from "./socketDir.ts";

export interface SupervisorOptions extends PostmasterOptions {
  readonly log: Log;
  readonly clock: Clock;
}

const databaseName = "connvo";
/** How long starting may fail before it is given up, ms. */
const startBudgetMs = 30_000;
/** How long a running postmaster may take to answer, ms: it replays its log after a crash. */
const recoveryBudgetMs = 15 * 60_000;
/** Fast shutdown writes a checkpoint; past this it is told to quit at once, ms. */
const stopBudgetMs = 20_000;
const pollMs = 25;
const retryMs = 100;

interface Running {
  readonly keeper: Keeper;
  readonly pid: number;
  readonly adopted: boolean;
}

type Attempt = Running | { readonly reason: string };

/** Keeps one postmaster running for this process and shares it with others. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  /** Where the socket is: an adopted postmaster's choice is kept when it has to be started again. */
  #socketDir: string;
  #running: Running | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#socketDir = options.socketDir;
  }

  /** Brings the postmaster up, or adopts it, and watches it from then on. */
  async start(): Promise<EmbeddedPostgres> {
    const { adopted } = await this.#bringUp().catch(async (error: unknown) => {
      // What we started and cannot use must not keep running.
      await this.#stop();
      throw error;
    });
    this.#watching = this.#watch();
    const supervisor = this;
    return {
      connection: { host: this.#socketDir, port: 5432, user: "postgres", database: databaseName },
      adopted,
      get pid() {
        return supervisor.#running?.pid ?? 0;
      },
      stop: () => this.#stop(),
    };
  }

  /** Until it is up: adopt, else start, else see why not and try again (a dying predecessor takes a moment). */
  async #bringUp(): Promise<Running> {
    const { clock, log } = this.#options;
    const started = clock.now();
    for (;;) {
      const attempt = await this.#attempt();
      if ("keeper" in attempt && (await this.#use(attempt))) return attempt;
      this.#stopping.signal.throwIfAborted();
      const reason = "reason" in attempt ? attempt.reason : "it was shut down meanwhile";
      if (clock.now() - started > startBudgetMs)
        throw new EmbeddedPostgresError(`did not start: ${reason}`);
      log.debug({ reason }, "embedded PostgreSQL not up yet");
      await clock.sleep(retryMs, this.#stopping.signal);
    }
  }

  /** False when it was lost again at once: its last user was just shutting it down. */
  async #use(running: Running): Promise<boolean> {
    const { keeper, pid, adopted } = running;
    try {
      await keeper.assertDurable();
      await keeper.ensureDatabase(databaseName);
    } catch (error) {
      await keeper.close();
      if (isUnavailable(error)) return false;
      throw error;
    }
    this.#running = running;
    this.#options.log.info({ pid, adopted }, "embedded PostgreSQL is up");
    return true;
  }

  async #attempt(): Promise<Attempt> {
    const { dataDir } = this.#options;
    const lock = await readLockFile(dataDir);
    if (lock && (await isPostgres(lock.pid, dataDir)))
      return this.#connect(lock.pid, true, () => isPostgres(lock.pid, dataDir));
    if (lock && isRunning(lock.pid)) await removeStaleLock(dataDir, lock);
    return this.#spawn();
  }

  async #spawn(): Promise<Attempt> {
    const { dataDir, account } = this.#options;
    await ensureOwner(dataDir, account);
    await ensureSocketDir(this.#socketDir, account);
    const child = await spawnPostmaster({ ...this.#options, socketDir: this.#socketDir });
    if (child.pid === undefined) return { reason: `${child.spawnfile} cannot be executed` };
    const alive = () => child.exitCode === null && child.signalCode === null;
    const attempt = await this.#connect(child.pid, false, alive);
    return "keeper" in attempt ? attempt : { reason: await startFailure(this.#socketDir) };
  }

  /** Connects as soon as that postmaster answers; gives up when it is gone. */
  async #connect(
    pid: number,
    adopted: boolean,
    alive: () => boolean | Promise<boolean>,
  ): Promise<Attempt> {
    const { clock, dataDir } = this.#options;
    const deadline = clock.now() + recoveryBudgetMs;
    while ((await alive()) && clock.now() < deadline) {
      const lock = await readLockFile(dataDir);
      if (lock?.pid === pid && lock.socketDir) {
        const keeper = await Keeper.connect(lock.socketDir, lock.port).catch(() => undefined);
        this.#socketDir = lock.socketDir;
        if (keeper) return { keeper, pid, adopted };
      }
      this.#stopping.signal.throwIfAborted();
      await clock.sleep(pollMs, this.#stopping.signal);
    }
    return { reason: `postmaster ${pid} is gone` };
  }

  /** Brings the postmaster back whenever it is lost. */
  async #watch(): Promise<void> {
    const { log, clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#running?.keeper.lost();
      if (signal.aborted) return;
      log.warn({ pid: this.#running?.pid }, "embedded PostgreSQL was lost; bringing it back");
      await this.#bringUp().catch(async (error: unknown) => {
        if (signal.aborted) return;
        log.error({ err: error }, "embedded PostgreSQL does not come back; trying again");
        await clock.sleep(1000, signal);
      });
    }
  }

  async #stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#watching;
    this.#stopping.abort();
    const last = await this.#isLast();
    // Before the keeper leaves: as long as it is there nobody can register with what is going down.
    if (last !== undefined) await this.#shutDown(last);
    await this.#running?.keeper.close();
    await this.#watching;
  }

  /** The postmaster's process id when nobody else uses it. */
  async #isLast(): Promise<number | undefined> {
    const running = this.#running;
    const last = await running?.keeper.isLast().catch(() => undefined);
    if (last !== undefined) return last ? running?.pid : undefined;
    // The connection was just lost: ask whatever runs there now.
    const lock = await readLockFile(this.#options.dataDir);
    if (!lock?.socketDir) return undefined;
    const keeper = await Keeper.connect(lock.socketDir, lock.port).catch(() => undefined);
    if (!keeper) return undefined;
    const alone = await keeper.isLast().catch(() => false);
    await keeper.close();
    return alone ? lock.pid : undefined;
  }

  /** Fast shutdown, then immediate (which loses nothing: the log is replayed at the next start). */
  async #shutDown(pid: number): Promise<void> {
    const { clock, dataDir, log } = this.#options;
    for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
      const deadline = clock.now() + stopBudgetMs;
      if (!(await isPostgres(pid, dataDir))) break;
      process.kill(pid, signal);
      while ((await isPostgres(pid, dataDir)) && clock.now() < deadline) await clock.sleep(pollMs);
    }
    // Another process may be starting it again: then the folder is in use and made anew by its next attempt.
    if (!(await readLockFile(dataDir))) await rm(this.#socketDir, { recursive: true, force: true });
    log.info({ pid }, "embedded PostgreSQL stopped");
  }
}
