import type pg from "pg";
import type { Statement } from "./port.ts";
import { parserFor, type ValueParser } from "./valueTypes.ts";

export type Row = Record<string, unknown>;

/** One statement as one connection knows it. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
  /** Whether Parse has been sent, and answered. */
  sent: boolean;
  parsed: boolean;
  /** Columns, learnt when it is prepared; absent when it returns no rows. */
  columns: readonly Column[] | undefined;
}

interface Column {
  readonly name: string;
  readonly parse: ValueParser;
}

/**
 * The named statements of one connection. Knowing the columns spares describing them at every execution; a change of
 * the schema under a prepared statement is refused by PostgreSQL itself (0A000).
 */
export class PreparedStatements {
  readonly #known = new Map<string, PreparedStatement>();
  readonly #parsing: PreparedStatement[] = [];

  constructor(connection: pg.Connection) {
    connection.on("parseComplete", () => {
      const statement = this.#parsing.shift();
      if (statement) statement.parsed = true;
    });
  }

  /** @throws Error when the name already stands for another text. */
  get(statement: Statement<unknown>): PreparedStatement {
    const { name, text } = statement;
    const known = this.#known.get(name);
    if (!known) {
      const fresh = unprepared(name, text);
      this.#known.set(name, fresh);
      return fresh;
    }
    if (known.text !== text) throw new Error(`Two statements are named ${name}`);
    return known;
  }

  /** To be called for each Parse sent. */
  parseSent(statement: PreparedStatement): void {
    statement.sent = true;
    this.#parsing.push(statement);
  }

  /** After an error PostgreSQL has skipped the rest: those not parsed yet never will be. */
  forgetUnparsed(): void {
    for (const { name } of this.#parsing.splice(0)) this.#known.delete(name);
  }
}

/** A statement nothing is known of yet; with an empty name it is prepared for one use. */
export function unprepared(name: string, text: string): PreparedStatement {
  return { name, text, sent: false, parsed: false, columns: undefined };
}

/** The columns of a row description. */
export function describeColumns(fields: readonly pg.FieldDef[]): Column[] {
  return fields.map((field) => ({ name: field.name, parse: parserFor(field.dataTypeID) }));
}

/** One row as an object by column name. */
export function decodeRow(columns: readonly Column[], values: readonly (string | null)[]): Row {
  const row: Row = {};
  for (let index = 0; index < columns.length; index++) {
    const column = columns[index];
    const text = values[index];
    if (column) row[column.name] = text === null || text === undefined ? null : column.parse(text);
  }
  return row;
}
