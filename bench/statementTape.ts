import pg from "pg";

/** One statement as it went over the wire. */
export interface TapedStatement {
  text: string;
  values: WireValue[];
}

export type WireValue = string | Buffer | null;

/** What one connection said from BEGIN to COMMIT; a read has neither and is whatever was said. */
export type TapedTransaction = TapedStatement[];

/**
 * Notes what the product says to PostgreSQL, so that the baseline says exactly the same, also after the product has
 * changed. To be made before the connections it listens to.
 */
export class StatementTape {
  readonly #texts = new Map<string, string>();
  readonly #restore: () => void;
  #transactions: TapedTransaction[] = [];
  #current = new Map<pg.Connection, TapedTransaction>();
  #recording = false;

  constructor() {
    const wire = pg.Connection.prototype;
    const { parse, bind } = wire;
    const tape = this;
    wire.parse = function (this: pg.Connection, query, more) {
      tape.#texts.set(query.name, query.text);
      parse.call(this, query, more);
    };
    wire.bind = function (this: pg.Connection, config, more) {
      if (config) tape.#note(this, config.statement ?? "", config.values ?? []);
      bind.call(this, config, more);
    };
    this.#restore = () => Object.assign(wire, { parse, bind });
  }

  /** The transactions `work` ran, in the order of their beginning. */
  async record(work: () => Promise<unknown>): Promise<TapedTransaction[]> {
    this.#transactions = [];
    this.#current = new Map();
    this.#recording = true;
    await work().finally(() => {
      this.#recording = false;
    });
    return this.#transactions;
  }

  /** Lets the driver work unwatched again. */
  stop(): void {
    this.#restore();
  }

  #note(connection: pg.Connection, statement: string, values: readonly unknown[]): void {
    if (!this.#recording) return;
    const text = this.#texts.get(statement);
    if (text === undefined) throw new Error(`statement ${statement} was prepared unseen`);
    this.#transactionOf(connection, text).push({ text, values: [...values] as WireValue[] });
  }

  #transactionOf(connection: pg.Connection, text: string): TapedTransaction {
    const known = this.#current.get(connection);
    if (known && !text.startsWith("BEGIN")) return known;
    const fresh: TapedTransaction = [];
    this.#current.set(connection, fresh);
    this.#transactions.push(fresh);
    return fresh;
  }
}
