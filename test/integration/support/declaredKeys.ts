import type { Identity } from "../../../src/auth/identity.ts";
import type { DataKey, ReadTx } from "../../../src/db/port.ts";
import type { TestDatabase } from "./database.ts";
import type { MeetingStage } from "./meetingCalls.ts";

/** A query as one caller watches it. */
export interface Watched {
  who: string;
  identity: Identity;
  name: string;
  args: object;
}

interface Seen {
  text: string;
  keys: ReadonlySet<DataKey>;
}

/** Finds changes that a live query would not be told of: it gives something else, and no commit has named what it read. */
export class KeyWatch {
  readonly watched: Watched[] = [];
  readonly #test: TestDatabase;
  readonly #stage: MeetingStage;

  constructor(test: TestDatabase, stage: MeetingStage) {
    this.#test = test;
    this.#stage = stage;
  }

  watch(who: string, identity: Identity, queries: Record<string, object>): void {
    for (const [name, args] of Object.entries(queries))
      this.watched.push({ who, identity, name, args });
  }

  /** Carries out a change. @returns what would go stale by it, and how many queries it has changed */
  async stale(work: () => Promise<unknown>): Promise<{ stale: string[]; changed: number }> {
    const before = await this.#look();
    const written = await this.#writtenBy(work);
    const after = await this.#look();
    const changed = this.watched.filter((one) => before.get(one)?.text !== after.get(one)?.text);
    const stale = changed.filter(
      (one) => ![...(before.get(one)?.keys ?? [])].some(written.has, written),
    );
    return {
      changed: changed.length,
      stale: stale.map(({ who, name, args }) => `${who} ${name} ${JSON.stringify(args)}`),
    };
  }

  /** Carries a change out. @returns the queries that would be run again, whether it has changed them or not */
  async rerun(work: () => Promise<unknown>): Promise<string[]> {
    const before = await this.#look();
    const written = await this.#writtenBy(work);
    return this.watched
      .filter((one) => [...(before.get(one)?.keys ?? [])].some(written.has, written))
      .map(({ who, name }) => `${who} ${name}`);
  }

  async #writtenBy(work: () => Promise<unknown>): Promise<Set<DataKey>> {
    const known = await this.#commits();
    await work();
    return new Set(
      [...(await this.#commits())].flatMap(([id, keys]) => (known.has(id) ? [] : keys)),
    );
  }

  async #commits(): Promise<Map<string, DataKey[]>> {
    const rows = await this.#test.sql<{ id: string; keys: DataKey[] }>(
      "SELECT id, keys FROM commit_log",
    );
    return new Map(rows.map(({ id, keys }) => [id, keys]));
  }

  async #look(): Promise<Map<Watched, Seen>> {
    const seen = new Map<Watched, Seen>();
    for (const one of this.watched) seen.set(one, await this.#run(one));
    return seen;
  }

  #run({ identity, name, args }: Watched): Promise<Seen> {
    return this.#test.db.read(async (tx) => {
      const keys = new Set<DataKey>();
      const tracked: ReadTx = {
        all: (wanted, values) => tx.all(wanted, values),
        first: (wanted, values) => tx.first(wanted, values),
        reads: (...read) => {
          for (const key of read) keys.add(key);
        },
      };
      const call = {
        ...{ name, kind: "query" as const, args, argsBytes: 0, format: "json" as const, identity },
        ...{ requestId: "request", signal: () => new AbortController().signal },
      };
      return { text: JSON.stringify(await this.#stage.invoker.queryIn(tracked, call, true)), keys };
    });
  }
}
