import type { ChildProcess } from "node:child_process";
import type { Clock } from "../../core/clock.ts";
import { errorCode } from "../../core/errorCode.ts";
import type { Log } from "../../core/log.ts";
import { EmbeddedPostgresError } from "../errors.ts";
import { isUnavailable } from "../failures.ts";
import { ensureOwner } from "./cluster.ts";
import type { EmbeddedPostgres } from "./embeddedPostgres.ts";
import { Keeper } from "./keeper.ts";
import { type LockFile, readLockFile, removeStaleLock } from "./lockFile.ts";
import { type PostmasterOptions, spawnPostmaster, startFailure } from "./postmaster.ts";
import { isPostgres, isRunning } from "./processes.ts";
import { clearStrays, type Postmaster, shutDown } from "./shutDown.ts";
import { ensureSocketDir, removeSocketDir } from "./socketDir.ts";

export interface SupervisorOptions extends PostmasterOptions {
  readonly log: Log;
  readonly clock: Clock;
}

const databaseName = "connvo";
/** How long starting may fail before it is given up, ms. */
const startBudgetMs = 30_000;
/** How long a running postmaster may take to answer, ms: it replays its log after a crash. */
const recoveryBudgetMs = 15 * 60_000;
/** How long a postmaster may take to tell whether others use it, ms: one that lost a backend restarts first. */
const answerBudgetMs = 5000;
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
  /** The postmaster this process started last; it need not have come up. */
  #child: Postmaster | undefined;
  #watching: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#socketDir = options.socketDir;
  }

  /** Brings the postmaster up, or adopts it, and watches it from then on. @throws when `stopWanted` aborts meanwhile */
  async start(stopWanted?: AbortSignal): Promise<EmbeddedPostgres> {
    const giveUp = () => this.#stopping.abort(stopWanted?.reason);
    stopWanted?.addEventListener("abort", giveUp);
    const { adopted } = await this.#bringUp()
      .catch(async (error: unknown) => {
        // What we started and cannot use must not keep running.
        await this.#stop();
        throw error;
      })
      .finally(() => stopWanted?.removeEventListener("abort", giveUp));
    this.#watching = this.#watch();
    const supervisor = this;
    return {
      connection: { host: this.#socketDir, port: 5432, user: "postgres", database: databaseName },
      adopted,
      get pid() {
        return supervisor.#running?.pid ?? 0;
      },
      stop: (hurry) => this.#stop(hurry),
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
    this.#stopping.signal.throwIfAborted();
    return this.#spawn();
  }

  async #spawn(): Promise<Attempt> {
    const { dataDir, account } = this.#options;
    await ensureOwner(dataDir, account);
    await ensureSocketDir(this.#socketDir, account);
    const options = { ...this.#options, socketDir: this.#socketDir };
    const child = await spawnPostmaster(options).catch((error: unknown) => {
      // Whoever shut its predecessor down has only now removed the socket folder.
      if (errorCode(error) !== "ENOENT") throw error;
    });
    if (!child) return { reason: "its socket folder was removed" };
    if (child.pid === undefined) return { reason: `${child.spawnfile} cannot be executed` };
    this.#child = postmasterOf(child, child.pid);
    const attempt = await this.#connect(child.pid, false, this.#child.alive);
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
        const running = await reach(lock, adopted);
        this.#socketDir = lock.socketDir;
        if (running) return running;
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
    const stopping = new Promise((resolve) => signal.addEventListener("abort", resolve));
    while (!signal.aborted) {
      await Promise.race([this.#running?.keeper.lost(), stopping]);
      if (signal.aborted) return;
      log.warn({ pid: this.#running?.pid }, "embedded PostgreSQL was lost; bringing it back");
      await this.#bringUp().catch(async (error: unknown) => {
        if (signal.aborted) return;
        log.error({ err: error }, "embedded PostgreSQL does not come back; trying again");
        await clock.sleep(1000, signal);
      });
    }
  }

  #stop(hurry?: AbortSignal): Promise<void> {
    this.#stopped ??= this.#leave(hurry);
    return this.#stopped;
  }

  /** Leaves what others use; else nothing is left of it: no process and no socket folder. */
  async #leave(hurry?: AbortSignal): Promise<void> {
    const { clock, dataDir, log } = this.#options;
    this.#stopping.abort();
    // First: it may just be starting one.
    await this.#watching;
    // The keeper leaves last: as long as it is there nobody can register with what is going down.
    for (const postmaster of await this.#unused()) {
      await shutDown(postmaster, clock, hurry);
      log.info({ pid: postmaster.pid }, "embedded PostgreSQL stopped");
    }
    await this.#running?.keeper.close();
    await clearStrays(dataDir, clock);
    if (!(await this.#owner())) await removeSocketDir(this.#socketDir);
  }

  /** The postmasters to be shut down: the one that nobody else uses, and what we started in vain. */
  async #unused(): Promise<Postmaster[]> {
    const child = (await this.#child?.alive()) ? this.#child : undefined;
    const answer = await this.#ask();
    if (answer && !answer.alone) return child && child.pid !== answer.pid ? [child] : [];
    // One of ours that does not answer is nobody's: others could not have connected either.
    if (!answer || child?.pid === answer.pid) return child ? [child] : [];
    const { pid } = answer;
    const adopted = { pid, alive: () => isPostgres(pid, this.#options.dataDir) };
    return child ? [adopted, child] : [adopted];
  }

  /** What runs there, and whether nobody else uses it; undefined when nothing does, or it does not answer in time. */
  async #ask(): Promise<{ pid: number; alone: boolean } | undefined> {
    const { clock, dataDir, log } = this.#options;
    const deadline = clock.now() + answerBudgetMs;
    do {
      const running = this.#running;
      const alone = await running?.keeper.isLast().catch(() => undefined);
      if (running && (alone || (alone === false && (await this.#isShared(running.keeper)))))
        return { pid: running.pid, alone };
      await running?.keeper.close();
      this.#running = undefined;
      const lock = await this.#owner();
      if (!lock && !(await this.#child?.alive())) return undefined;
      this.#running = lock?.socketDir ? await reach(lock, true) : undefined;
      await clock.sleep(pollMs);
    } while (clock.now() < deadline);
    log.warn({ dataDir }, "embedded PostgreSQL does not tell whether others use it");
    return undefined;
  }

  /** Whether another user lives: PostgreSQL may take a moment to notice that one was killed, or a backend. */
  async #isShared(keeper: Keeper): Promise<boolean> {
    for (const { client, backend } of await keeper.others().catch(() => [])) {
      const lives = client === undefined || isRunning(client);
      if (lives && (await isPostgres(backend, this.#options.dataDir))) return true;
    }
    return false;
  }

  /** The lock file, when the postmaster it names is there. */
  async #owner(): Promise<LockFile | undefined> {
    const { dataDir } = this.#options;
    const lock = await readLockFile(dataDir);
    return lock && (await isPostgres(lock.pid, dataDir)) ? lock : undefined;
  }
}

async function reach(lock: LockFile, adopted: boolean): Promise<Running | undefined> {
  const keeper = await Keeper.connect(lock.socketDir, lock.port).catch(() => undefined);
  return keeper && { keeper, pid: lock.pid, adopted };
}

/** Its number may have gone to another process as soon as it has ended, so only the handle is asked. */
function postmasterOf(child: ChildProcess, pid: number): Postmaster {
  return { pid, alive: () => child.exitCode === null && child.signalCode === null };
}
