import { type DataKey, type ReadTx, statement } from "../db/port.ts";

/** Which transactions a snapshot of PostgreSQL sees, as `pg_current_snapshot()` tells it: `xmin:xmax:running`. */
export class Snapshot {
  readonly text: string;
  readonly #xmin: bigint;
  readonly #xmax: bigint;
  readonly #running: ReadonlySet<bigint>;

  constructor(text: string) {
    const [xmin = "", xmax = "", running = ""] = text.split(":");
    this.text = text;
    this.#xmin = BigInt(xmin);
    this.#xmax = BigInt(xmax);
    this.#running = new Set(running === "" ? [] : running.split(",").map(BigInt));
  }

  /** Whether what the committed transaction `xid` wrote is in this snapshot. */
  sees(xid: bigint): boolean {
    return xid < this.#xmin || (xid < this.#xmax && !this.#running.has(xid));
  }

  /**
   * Whether this snapshot sees all that `other` sees. Snapshots of one database are ordered: a later one sees whatever an
   * earlier one saw.
   */
  includes(other: Snapshot): boolean {
    if (other.#xmax > this.#xmax) return false;
    for (const xid of this.#running) if (other.sees(xid)) return false;
    return true;
  }
}

/** A state of the database: what is in it, and its number for clients. */
export interface Moment {
  readonly snapshot: Snapshot;
  /** Never smaller than that of an earlier state, over all nodes and restarts; about ns since 1970. */
  readonly ts: bigint;
}

/** One transaction that changed something. */
export interface Commit {
  readonly xid: bigint;
  readonly keys: readonly DataKey[];
  /** When it was about to commit, by the database's clock, epoch ms. */
  readonly at: number;
}

interface CommitRow {
  snapshot: string;
  ts: string;
  xid: string | null;
  keys: DataKey[] | null;
  at: number | null;
  now: number;
}

// A sequence is read as it is now, not as of the snapshot: so its value is never below the number of a commit that is seen.
const readMoment = statement<{ snapshot: string; ts: string }>(
  "sync.readMoment",
  "SELECT pg_current_snapshot()::text AS snapshot, last_value::text AS ts FROM commit_ts",
);

const readSince = statement<CommitRow>(
  "sync.readSince",
  `SELECT pg_current_snapshot()::text AS snapshot, s.last_value::text AS ts, c.xid::text AS xid, c.keys,
          c.at, app_now() AS now
   FROM commit_ts s
   LEFT JOIN commit_log c ON c.xid >= pg_snapshot_xmin($1::text::pg_snapshot)
     AND NOT pg_visible_in_snapshot(c.xid, $1::text::pg_snapshot)`,
);

/** The state that `tx` reads. */
export async function momentOf(tx: ReadTx): Promise<Moment> {
  const row = await tx.first(readMoment);
  if (row === undefined) throw new Error("the sequence of commits is missing");
  return { snapshot: new Snapshot(row.snapshot), ts: BigInt(row.ts) };
}

/** What has been committed between a state and the one that `tx` reads. */
export interface News {
  readonly moment: Moment;
  readonly commits: readonly Commit[];
  /** The database's clock, epoch ms. */
  readonly now: number;
}

/** Reads what `tx` sees and `since` did not. Commits are kept for an hour: an older state cannot be followed. */
export async function newsSince(tx: ReadTx, since: Snapshot): Promise<News> {
  const rows = await tx.all(readSince, [since.text]);
  const [first] = rows;
  if (first === undefined) throw new Error("the sequence of commits is missing");
  const moment = { snapshot: new Snapshot(first.snapshot), ts: BigInt(first.ts) };
  const commits = rows.flatMap(({ xid, keys, at }) =>
    xid === null ? [] : [{ xid: BigInt(xid), keys: keys ?? [], at: at ?? first.now }],
  );
  return { moment, commits, now: first.now };
}
