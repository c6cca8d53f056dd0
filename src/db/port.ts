/** A named SQL statement; the name is its prepared-statement name, unique in the project (`meetings.find`). */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Planned for its values each time: where one plan is good for some of them and very bad for others. */
  readonly plansAnew?: true;
  /** Carries the row type; never present at run time. */
  readonly row?: Row;
}

/** Declares a statement. Parameters are `$1…`; `timestamptz` and `int8` columns arrive as numbers (epoch ms). */
export function statement<Row = Record<never, never>>(
  name: string,
  text: string,
  options: Pick<Statement<Row>, "plansAnew"> = {},
): Statement<Row> {
  return { name, text, ...options };
}

export interface NamedStatement<Row, Values> extends Statement<Row> {
  /** The values in the order in which their parameters are numbered. */
  bind(values: Values): SqlValue[];
}

/** Declares a statement with many parameters, `:startedAt` instead of `$4`. Its text holds no other `:letter`. */
export function namedStatement<Row, Values extends object>(
  name: string,
  text: string,
): NamedStatement<Row, Values> {
  const keys: string[] = [];
  const numbered = text.replace(/(?<!:):([a-zA-Z]+)/g, (_, key: string) => {
    if (!keys.includes(key)) keys.push(key);
    return `$${keys.indexOf(key) + 1}`;
  });
  const bind = (values: Values) => {
    const given = new Map(Object.entries(values));
    return keys.map((key) => given.get(key) as SqlValue);
  };
  return { ...statement<Row>(name, numbered), bind };
}

/**
 * What a transaction read or wrote, e.g. `meeting:meeting_01…`; live queries are invalidated by it. What changes often in a
 * meeting has keys of its own, so that it does not run every query of the meeting again: `sessions:<meetingId>` (peers and
 * their states), `quality:<meetingId>` (their reports), `signals:<meetingId>/<userId>` (what is on its way to one of them),
 * `transcript:<meetingId>` (what was said), `hearing:<meetingId>` (how far that was listened to), `notes:<meetingId>` (the text they write),
 * `prompts:<meetingId>` (what they could talk about).
 * So has what is sent of an organisation: `webhooks:<orgId>` (endpoints and their deliveries); what the audit log tells of an
 * organisation or a meeting: `audit:<id>`; what somebody has subscribed to: `subscriptions:<userId>`; what
 * they can take from meetings: `insights:<userId>`; whom they are matched with: `matching:<userId>`, of everybody who waits
 * `matching:queue`, and of what became of matches `matching:matches`; and what nodes tell of themselves: `figures:nodes`, every few seconds, and `figures:day`, every minute.
 */
export type DataKey =
  | `${"user" | "meeting" | "org" | "catalog" | "audit" | "webhooks"}:${string}`
  | `${"sessions" | "quality" | "subscriptions" | "transcript" | "hearing" | "notes"}:${string}`
  | `${"insights" | "prompts" | "matching"}:${string}`
  /** All of them: administrators alone look at them. */
  | "embeddings:all"
  /** Of a user: in which meetings they are, and how. Apart from the user's own data, which everybody reads who sees their name. */
  | `memberships:${string}`
  | `signals:${string}/${string}`
  | `figures:${"nodes" | "day"}`;

export type SqlValue = string | number | boolean | null | readonly string[] | Buffer | object;

export interface ReadTx {
  all<Row>(statement: Statement<Row>, values?: readonly SqlValue[]): Promise<Row[]>;
  /** The first row, or undefined. */
  first<Row>(statement: Statement<Row>, values?: readonly SqlValue[]): Promise<Row | undefined>;
  /** Declares what was read. */
  reads(...keys: DataKey[]): void;
}

export interface Tx extends ReadTx {
  /** Number of rows affected. */
  run(statement: Statement<unknown>, values?: readonly SqlValue[]): Promise<number>;
  /** Declares what was written; stored in `commit_log` by the same transaction. */
  writes(...keys: DataKey[]): void;
  /** Runs after a successful commit; errors are logged, never thrown to the caller. */
  afterCommit(effect: () => void | Promise<void>): void;
}

export interface Database {
  /** One consistent read-only snapshot. */
  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T>;
  /**
   * One READ COMMITTED transaction, run again from the start on 40001/40P01 (so `work` must be repeatable).
   * Nothing is acknowledged before COMMIT has returned.
   * @throws DatabaseUnavailableError when the connection was lost; `ambiguous` when that was during COMMIT.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Calls `onCommit` with the keys transactions (of any node) wrote: a hint, may be lost. No keys: something changed,
   * `commit_log` says what.
   */
  listen(onCommit: (keys: DataKey[]) => void): Promise<() => Promise<void>>;
  /** @throws DatabaseUnavailableError when the database does not answer within 5 s. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The database cannot be reached or dropped us: a typed breakage that edges answer with 503 and a retry hint. */
export class DatabaseUnavailableError extends Error {
  /** True when the connection broke while COMMIT was under way: the transaction may or may not be stored. */
  readonly ambiguous: boolean;

  constructor(message: string, options: { cause?: unknown; ambiguous?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DatabaseUnavailableError";
    this.ambiguous = options.ambiguous ?? false;
  }
}
