import type pg from "pg";
import type { SqlValue, Statement } from "./port.ts";
import {
  decodeRow,
  describeColumns,
  type PreparedStatement,
  PreparedStatements,
  type Row,
  unprepared,
} from "./preparedStatements.ts";
import { encodeValue } from "./valueTypes.ts";

/** What one statement returned. */
export interface Reply {
  readonly rows: Row[];
  /** PostgreSQL's command tag, e.g. `UPDATE 2`, `COMMIT`. */
  readonly tag: string;
}

interface Pending {
  readonly prepared: PreparedStatement;
  readonly rows: Row[];
  /** A value that could not be decoded. */
  broken: unknown;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

const preparedByConnection = new WeakMap<pg.Connection, PreparedStatements>();

/**
 * Several statements over one connection without a Sync between them, through `pg`'s extension point for query
 * classes. Statements said in one go travel in one packet, so BEGIN and COMMIT cost no round trip; and as PostgreSQL
 * ends an implicit transaction at Sync only, statements without BEGIN share one transaction.
 */
export class Conversation implements pg.Submittable {
  readonly #named: boolean;
  readonly #pending: Pending[] = [];
  #unsent: (() => void)[] | undefined = [];
  #connection: pg.Connection | undefined;
  #corked = false;
  #synced = false;
  #failure: { error: unknown } | undefined;
  #finished: { resolve(): void; reject(error: unknown): void } | undefined;

  constructor(client: pg.Client, named: boolean) {
    this.#named = named;
    client.query(this);
  }

  /** Why nothing more can be said: the first error. The server has left the transaction. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  /** Sends a statement; its reply comes after those of the statements before. */
  say(statement: Statement<unknown>, values: readonly SqlValue[] = []): Promise<Reply> {
    if (this.#failure) return Promise.reject(this.#failure.error);
    const wire = values.map(encodeValue);
    return new Promise((resolve, reject) => {
      this.#whenConnected(() => this.#send(statement, wire, { resolve, reject }));
    });
  }

  /** Ends it: resolves when PostgreSQL has closed the implicit transaction and is ready for another. */
  finish(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => {
      this.#finished = { resolve, reject };
      this.#whenConnected(() => this.#sync());
    });
  }

  /** Called by `pg` when it is our turn. */
  submit(connection: pg.Connection): void {
    this.#connection = connection;
    const unsent = this.#unsent ?? [];
    this.#unsent = undefined;
    for (const send of unsent) send();
  }

  #whenConnected(send: () => void): void {
    if (this.#unsent) this.#unsent.push(send);
    else send();
  }

  #sync(): void {
    if (this.#failure) {
      this.#finished?.reject(this.#failure.error);
      return;
    }
    this.#cork();
    this.#synced = true;
    this.#connection?.sync();
  }

  #send(
    statement: Statement<unknown>,
    values: (string | Buffer | null)[],
    waiting: Pick<Pending, "resolve" | "reject">,
  ): void {
    if (this.#failure) {
      waiting.reject(this.#failure.error);
      return;
    }
    const connection = this.#connection;
    if (!connection) return;
    this.#cork();
    try {
      const prepared = this.#prepare(connection, statement);
      connection.bind({ statement: prepared.name, values }, true);
      connection.execute(null, true);
      this.#pending.push({ prepared, rows: [], broken: undefined, ...waiting });
    } catch (error) {
      waiting.reject(error);
    }
  }

  #prepare(connection: pg.Connection, statement: Statement<unknown>): PreparedStatement {
    const known = statementsOf(connection);
    const isNamed = this.#named && statement.plansAnew !== true;
    const prepared = isNamed ? known.get(statement) : unprepared("", statement.text);
    if (prepared.sent) return prepared;
    connection.parse({ name: prepared.name, text: prepared.text, types: [] }, true);
    connection.describe({ type: "S", name: prepared.name }, true);
    known.parseSent(prepared);
    return prepared;
  }

  /** Gathers what is said in this turn into one packet, with one Flush asking for the replies. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#connection?.stream.cork();
    queueMicrotask(() => {
      this.#corked = false;
      if (!this.#synced) this.#connection?.flush();
      this.#connection?.stream.uncork();
    });
  }

  handleRowDescription(message: { fields: pg.FieldDef[] }): void {
    const head = this.#pending[0];
    if (head) head.prepared.columns = describeColumns(message.fields);
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    const head = this.#pending[0];
    if (!head?.prepared.columns) return;
    try {
      head.rows.push(decodeRow(head.prepared.columns, message.fields));
    } catch (error) {
      // Thrown into the socket's parser it would break the connection.
      head.broken = error;
    }
  }

  handleCommandComplete(message: { text: string }): void {
    const head = this.#pending.shift();
    if (head?.broken) head.reject(head.broken);
    else head?.resolve({ rows: head.rows, tag: message.text });
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: "" });
  }

  handleReadyForQuery(): void {
    this.#finished?.resolve();
  }

  handleError(error: unknown, connection?: pg.Connection): void {
    if (this.#failure) return;
    this.#failure = { error };
    if (connection) statementsOf(connection).forgetUnparsed();
    // PostgreSQL skips everything up to a Sync.
    if (!this.#synced) connection?.sync();
    this.#synced = true;
    for (const send of this.#unsent?.splice(0) ?? []) send();
    for (const pending of this.#pending.splice(0)) pending.reject(error);
    this.#finished?.reject(error);
  }
}

function statementsOf(connection: pg.Connection): PreparedStatements {
  const known = preparedByConnection.get(connection);
  if (known) return known;
  const fresh = new PreparedStatements(connection);
  preparedByConnection.set(connection, fresh);
  return fresh;
}
