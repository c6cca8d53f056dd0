import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Log } from "../core/log.ts";
import { commitChannel } from "./commitNotifier.ts";
import { type ConnectionTarget, connectDirectly } from "./connection.ts";
import type { DataKey } from "./port.ts";

const reconnectMs = 500;

type OnCommit = (keys: DataKey[]) => void;

/**
 * Calls `onCommit` with the keys of announced commits, over a connection of its own that is made again when lost.
 * No keys: something changed, perhaps while the connection was lost; `commit_log` says what.
 * @returns what ends it.
 * @throws whatever keeps the first connection from being made.
 */
export async function listenForCommits(
  options: { connection: ConnectionTarget; log: Log },
  onCommit: OnCommit,
): Promise<() => Promise<void>> {
  const listener = new CommitListener(options, onCommit);
  await listener.start();
  return () => listener.stop();
}

class CommitListener {
  readonly #connection: ConnectionTarget;
  readonly #log: Log;
  readonly #onCommit: OnCommit;
  readonly #stopping = new AbortController();
  #client: pg.Client | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: { connection: ConnectionTarget; log: Log }, onCommit: OnCommit) {
    this.#connection = options.connection;
    this.#log = options.log;
    this.#onCommit = onCommit;
  }

  async start(): Promise<void> {
    const lost = await this.#subscribe();
    this.#running = this.#keep(lost);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#client?.end().catch(() => undefined);
    await this.#running;
  }

  /** Resolves with what resolves when the connection is lost. */
  async #subscribe(): Promise<Lost> {
    const client = await connectDirectly(this.#connection);
    const ended = new Promise<void>((resolve) => client.once("end", resolve));
    client.on("notification", ({ payload }) => this.#onCommit(parseKeys(payload)));
    await client.query(`LISTEN ${commitChannel}`);
    this.#client = client;
    return { ended };
  }

  async #keep(first: Lost): Promise<void> {
    const { signal } = this.#stopping;
    let current: Lost | undefined = first;
    while (!signal.aborted) {
      await current?.ended;
      if (signal.aborted) return;
      this.#log.warn({}, "the commit listener lost its connection");
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
