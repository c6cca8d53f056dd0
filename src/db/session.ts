import type pg from "pg";
import { errorCode } from "../core/errorCode.ts";
import { newId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { Conversation, type Reply } from "./conversation.ts";
import { DatabaseUnavailableError } from "./errors.ts";
import { isUnavailable, translate } from "./failures.ts";
import { type DataKey, type SqlValue, type Statement, statement, type Tx } from "./port.ts";

export interface SessionOptions {
  /** Takes a connection out of the pool. */
  readonly checkOut: () => Promise<pg.PoolClient>;
  readonly named: boolean;
  /** Said before the first statement and after the last; empty for a snapshot that needs none. */
  readonly begin: readonly Statement<unknown>[];
  readonly end: readonly Statement<unknown>[];
  /** How long it may take from its first statement on, ms; then its connection is cut. */
  readonly limitMs: number;
}

const commitEntry = statement(
  "db.insertCommit",
  "INSERT INTO commit_log (id, keys) VALUES ($1, $2)",
);

/**
 * One transaction over one connection, taken when the first statement comes.
 * Either `complete` or `abandon` ends it and gives the connection back.
 */
export class Session implements Tx {
  readonly #options: SessionOptions;
  readonly #written = new Set<DataKey>();
  readonly #effects: (() => void | Promise<void>)[] = [];
  #opening: Promise<void> | undefined;
  #client: pg.PoolClient | undefined;
  #conversation: Conversation | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #over = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  async all<Row>(wanted: Statement<Row>, values?: readonly SqlValue[]): Promise<Row[]> {
    const { rows } = await this.#say(wanted, values);
    return rows as Row[];
  }

  async first<Row>(wanted: Statement<Row>, values?: readonly SqlValue[]): Promise<Row | undefined> {
    const { rows } = await this.#say(wanted, values);
    return rows[0] as Row | undefined;
  }

  async run(wanted: Statement<unknown>, values?: readonly SqlValue[]): Promise<number> {
    const { tag } = await this.#say(wanted, values);
    return Number(tag.slice(tag.lastIndexOf(" ") + 1)) || 0;
  }

  /** Of interest to whoever wraps this transaction; nothing is stored for it. */
  reads(..._keys: DataKey[]): void {}

  writes(...keys: DataKey[]): void {
    for (const key of keys) this.#written.add(key);
  }

  afterCommit(effect: () => void | Promise<void>): void {
    this.#effects.push(effect);
  }

  /** The keys declared so far. */
  get written(): readonly DataKey[] {
    return [...this.#written];
  }

  /** Ends a read: the answer need not wait for the connection to come back. */
  leave(): void {
    this.#over = true;
    if (!this.#conversation) return;
    for (const each of this.#options.end) this.#conversation.say(each).catch(ignore);
    this.#conversation.finish().then(
      () => this.#release(),
      (error: Error) => this.#release(error),
    );
  }

  /**
   * Commits; resolves when PostgreSQL has confirmed it.
   * @throws DatabaseUnavailableError, ambiguous, when the connection broke before the confirmation.
   */
  async commit(): Promise<void> {
    if (this.#written.size > 0) await this.#open();
    this.#over = true;
    const conversation = this.#conversation;
    if (!conversation) return;
    // A swallowed error of a statement must not turn COMMIT into a silent ROLLBACK.
    if (conversation.failure) throw conversation.failure;
    const entry = this.#written.size > 0 ? this.#sayEntry(conversation) : undefined;
    const replies = this.#options.end.map((each) => conversation.say(each));
    const finished = conversation.finish();
    finished.catch(ignore);
    await Promise.all([entry, this.#confirm(replies)]);
    finished.then(
      () => this.#release(),
      (error: Error) => this.#release(error),
    );
  }

  #sayEntry(conversation: Conversation): Promise<Reply> {
    return conversation.say(commitEntry, [newId("commits"), this.written]);
  }

  async #confirm(replies: Promise<Reply>[]): Promise<void> {
    try {
      const tags = (await Promise.all(replies)).map((reply) => reply.tag);
      if (tags.at(-1) !== "COMMIT") throw new Error(`COMMIT was answered with ${tags.at(-1)}`);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      const message = "The database was lost during COMMIT";
      throw new DatabaseUnavailableError(message, { cause: error, ambiguous: true });
    }
  }

  /** Rolls back after a failure and gives the connection back, or drops it when it is broken. */
  async abandon(): Promise<void> {
    this.#over = true;
    await this.#opening?.catch(ignore);
    const [client, conversation] = [this.#client, this.#conversation];
    if (!client || !conversation) return;
    // Ends the conversation, which ROLLBACK has to wait for.
    if (!conversation.failure) conversation.finish().catch(ignore);
    const stale = isStale(conversation.failure);
    await client.query("ROLLBACK").then(
      () => this.#release(stale),
      (error: Error) => this.#release(error),
    );
  }

  /** Runs what was to happen after the commit. */
  async runEffects(log: Log): Promise<void> {
    for (const effect of this.#effects) {
      try {
        await effect();
      } catch (error) {
        log.error({ err: error }, "an effect after a commit failed");
      }
    }
  }

  async #say(wanted: Statement<unknown>, values?: readonly SqlValue[]): Promise<Reply> {
    if (this.#over) throw new Error(`${wanted.name}: the transaction is over`);
    if (!this.#conversation) await this.#open();
    const conversation = this.#conversation as Conversation;
    try {
      return await conversation.say(wanted, values);
    } catch (error) {
      throw translate(error);
    }
  }

  #open(): Promise<void> {
    this.#opening ??= this.#options.checkOut().then((client) => {
      this.#client = client;
      this.#conversation = new Conversation(client, this.#options.named);
      for (const each of this.#options.begin) this.#conversation.say(each).catch(ignore);
      // The server's own limits do not see a transaction that waits for us.
      this.#watchdog = setTimeout(() => this.#cut(), this.#options.limitMs);
    });
    return this.#opening;
  }

  #cut(): void {
    this.#client?.connection.stream.destroy();
    this.#release(true);
  }

  #release(broken?: Error | boolean): void {
    clearTimeout(this.#watchdog);
    this.#client?.release(broken);
    this.#client = undefined;
  }
}

const ignore = () => undefined;

/** Prepared statements this connection and the server no longer agree on. */
const isStale = (error: unknown) => errorCode(error) === "0A000" || errorCode(error) === "26000";
