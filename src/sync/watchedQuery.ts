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

/** One query with its arguments as one caller sees it: run once for all who watch it. */
export class WatchedQuery {
  readonly key: string;
  readonly name: string;
  /** A JSON list of one object. */
  readonly argsText: string;
  readonly identity: Identity;
  /** The client's name for following what this asks for, where it says one. */
  readonly subscriptionId: string | undefined;
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

  constructor(name: string, argsText: string, identity: Identity) {
    this.key = keyOf(name, argsText, identity);
    this.name = name;
    this.argsText = argsText;
    this.identity = identity;
    this.subscriptionId = subscriptionIdIn(argsText);
  }
}

function subscriptionIdIn(argsText: string): string | undefined {
  if (!argsText.includes('"subscriptionId"')) return undefined;
  const [args] = JSON.parse(argsText) as [{ subscriptionId?: unknown } | null];
  return typeof args?.subscriptionId === "string" ? args.subscriptionId : undefined;
}

/** Names a query as one caller sees it; callers whose tokens say different things share nothing. */
export function keyOf(name: string, argsText: string, identity: Identity): string {
  return JSON.stringify([name, argsText, identity]);
}
