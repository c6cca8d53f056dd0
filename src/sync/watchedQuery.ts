import { randomBytes } from "node:crypto";
import type { Identity } from "../auth/identity.ts";
import type { DataKey } from "../db/port.ts";
import type { Snapshot } from "./commitLog.ts";
import type { QueryReport } from "./protocol.ts";

/** What a query gave in one state of the database. */
export interface QueryResult {
  readonly report: QueryReport;
  /** What it depends on; of a refusal too. */
  readonly keys: ReadonlySet<DataKey>;
  readonly snapshot: Snapshot;
  /** When the oldest change that made it necessary was committed, by `performance.now()`. */
  readonly changedAt: number | undefined;
}

/** Who is told when a query may give something else. */
export interface Watcher {
  wake(): void;
}

/** What somebody watches. */
export interface Asked {
  readonly name: string;
  /** A JSON list of one object. */
  readonly argsText: string;
  readonly identity: Identity;
  /** Where the page ended that the client has already (pages.ts). */
  readonly end?: string | undefined;
}

/** One query with its arguments as one caller sees it: run once for all who watch it. */
export class WatchedQuery {
  readonly key: string;
  readonly name: string;
  /** A JSON list of one object. */
  readonly argsText: string;
  readonly identity: Identity;
  /** Where the page it gives ends, since its first run or by the client (pages.ts). */
  end: string | undefined;
  /** The same for every run, so that a refusal that comes again reads the same. */
  readonly requestId = randomBytes(8).toString("hex");
  readonly watchers = new Set<Watcher>();
  result: QueryResult | undefined;
  /** Something it depends on has changed since `result`, or there is none yet. */
  stale = true;
  /** When the oldest change of those was committed, by `performance.now()`. */
  staleSince: number | undefined;
  /** While somebody runs it. */
  running: Promise<void> | undefined;

  constructor({ name, argsText, identity, end }: Asked) {
    this.key = keyOf({ name, argsText, identity, end });
    this.name = name;
    this.argsText = argsText;
    this.identity = identity;
    this.end = end;
  }
}

/** Names a query as one caller sees it; callers whose tokens say different things share nothing. */
export function keyOf({ name, argsText, identity, end }: Asked): string {
  return JSON.stringify([name, argsText, identity, end]);
}
