import type pg from "pg";
import { type IdTable, idPrefixes, newId } from "../src/core/ids.ts";
import type { Host } from "./hosts.ts";
import type { TapedTransaction, WireValue } from "./statementTape.ts";

/** Statements of one start with the values of that start, ready to be sent. */
export type RawStart = readonly pg.QueryConfig[][];

const tableOf = new Map<string, IdTable>(
  (Object.entries(idPrefixes) as [IdTable, string][]).map(([table, prefix]) => [prefix, table]),
);
const typeId = /\b([a-z]+)_[0-9a-z]{26}\b/g;

/** The same start by another host: every key in it is replaced by a fresh one, the same by the same. */
export function startOf(tape: readonly TapedTransaction[], taped: Host, host: Host): RawStart {
  const fresh = new Map([
    [taped.userId, host.userId],
    [taped.meetingId, host.meetingId],
  ]);
  const keyFor = (key: string, prefix: string) => {
    const table = tableOf.get(prefix);
    if (table !== undefined && !fresh.has(key)) fresh.set(key, newId(table));
    return fresh.get(key) ?? key;
  };
  const valueFor = (value: WireValue) =>
    typeof value === "string" ? value.replace(typeId, keyFor) : value;
  return tape.map((transaction) =>
    transaction.map(({ text, values }) => queryOf(text, values.map(valueFor))),
  );
}

const names = new Map<string, string>();

/** Named where there is something to plan. */
function queryOf(text: string, values: WireValue[]): pg.QueryConfig {
  if (values.length === 0 && !text.startsWith("SELECT")) return { text };
  const name = names.get(text) ?? `raw${names.size}`;
  names.set(text, name);
  return { name, text, values };
}

/** Sends the statements one after the other, each transaction over one connection of the pool. */
export async function runRaw(pool: pg.Pool, start: RawStart): Promise<void> {
  for (const transaction of start) {
    const client = await pool.connect();
    try {
      for (const query of transaction) await client.query(query);
    } finally {
      client.release();
    }
  }
}
