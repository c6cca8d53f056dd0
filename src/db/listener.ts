import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Log } from "../core/log.ts";
import { commitChannel, hearingChannel } from "./commitNotifier.ts";
import { type ConnectionTarget, connectDirectly } from "./connection.ts";
import type { DataKey } from "./port.ts";

const reconnectMs = 500;
/** Within this an announcement has come, or none ever will, ms. */
const hearingMs = 5_000;

type OnCommit = (keys: DataKey[]) => void;

interface ListenOptions {
  connection: ConnectionTarget;
  log: Log;
  /** Sends what every listener hears, over another connection. */
  probe(): Promise<void>;
}

/**
 * Calls `onCommit` with the keys of announced commits, over a connection of its own that is made again when lost.
 * No keys: something changed, perhaps while the connection was lost; `commit_log` says what.
 * @returns what ends it.
 * @throws whatever keeps the first connection from being made.
 */
export async function listenForCommits(
  options: ListenOptions,
  onCommit: OnCommit,
): Promise<() => Promise<void>> {
  const listener = new CommitListener(options, onCommit);
  await listener.start();
  return () => listener.stop();
}

class CommitListener {
  readonly #options: ListenOptions;
  readonly #onCommit: OnCommit;
  readonly #stopping = new AbortController();
  #client: pg.Client | undefined;
  #running: Promise<unknown> = Promise.resolve();
  /** Called once a probe was heard. */
  #onHeard: () => void = () => undefined;

  constructor(options: ListenOptions, onCommit: OnCommit) {
    this.#options = options;
    this.#onCommit = onCommit;
  }

  async start(): Promise<void> {
    const lost = await this.#subscribe();
    this.#running = Promise.all([this.#keep(lost), this.#warnWhenDeaf()]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#client?.end().catch(() => undefined);
    await this.#running;
  }

  /** Resolves with what resolves when the connection is lost. */
  async #subscribe(): Promise<Lost> {
    const client = await connectDirectly(this.#options.connection);
    const ended = new Promise<void>((resolve) => client.once("end", resolve));
    client.on("notification", ({ channel, payload }) => {
      if (channel === commitChannel) this.#onCommit(parseKeys(payload));
      else this.#onHeard();
    });
    await client.query(`LISTEN ${commitChannel}; LISTEN ${hearingChannel}`);
    this.#client = client;
    return { ended };
  }

  /** A pooler in transaction mode takes LISTEN, and passes nothing on. */
  async #warnWhenDeaf(): Promise<void> {
    const known = new AbortController();
    const signal = AbortSignal.any([known.signal, this.#stopping.signal]);
    this.#onHeard = () => known.abort();
    await this.#options.probe().catch(() => known.abort());
    await sleep(hearingMs, undefined, { signal }).then(
      () =>
        this.#options.log.warn(
          { settings: ["DATABASE_URL", "DATABASE_DIRECT_URL"] },
          "commits of other nodes are noticed late: the database announces nothing here; behind a pooler set DATABASE_DIRECT_URL",
        ),
      () => undefined,
    );
  }

  async #keep(first: Lost): Promise<void> {
    const { signal } = this.#stopping;
    let current: Lost | undefined = first;
    while (!signal.aborted) {
      await current?.ended;
      if (signal.aborted) return;
      this.#options.log.warn({}, "the commit listener lost its connection");
      await sleep(reconnectMs, undefined, { signal }).catch(() => undefined);
      current = await this.#subscribe().catch(() => undefined);
      if (current) this.#onCommit([]);
      if (signal.aborted) await this.#client?.end().catch(() => undefined);
    }
  }
}

interface Lost {
  readonly ended: Promise<void>;
}

function parseKeys(payload: string | undefined): DataKey[] {
  return JSON.parse(payload || "[]") as DataKey[];
}
