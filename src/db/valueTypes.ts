import pg from "pg";
import type { SqlValue } from "./port.ts";

const { builtins } = pg.types;

/** Makes a JavaScript value of PostgreSQL's text form. */
export type ValueParser = (text: string) => unknown;

/** How values of a column type arrive: `timestamptz` as epoch ms, `int8` as number, the rest as `pg` has it. */
export function parserFor(typeId: number): ValueParser {
  if (typeId === builtins.INT8) return parseInt8;
  if (typeId === builtins.TIMESTAMPTZ) return parseTimestamp;
  if (typeId === builtins.TEXT) return asIs;
  return pg.types.getTypeParser(typeId, "text");
}

const asIs: ValueParser = (text) => text;

/** @throws RangeError for a number JavaScript cannot hold exactly. */
export function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 out of range: ${text}`);
  return value;
}

/** `2026-01-02 03:04:05.678901+00` → epoch ms. Sessions run in UTC; another offset is parsed as well. */
export function parseTimestamp(text: string): number {
  if (text.endsWith("+00")) {
    const ms = Date.parse(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
    if (!Number.isNaN(ms)) return ms;
  }
  return Number(pg.types.getTypeParser(builtins.TIMESTAMPTZ, "text")(text));
}

/** A parameter as it goes over the wire: arrays of strings as PostgreSQL arrays, objects as JSON. */
export function encodeValue(value: SqlValue | undefined): string | Buffer | null {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return null;
  if (typeof value !== "object") return String(value);
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Date) return value.toISOString();
  return Array.isArray(value) ? encodeArray(value) : JSON.stringify(value);
}

/** @throws TypeError for items that are not strings: a JSON array is to be given as text. */
function encodeArray(items: readonly unknown[]): string {
  const quoted = items.map((item) => {
    if (typeof item !== "string") throw new TypeError("only arrays of strings are SQL arrays");
    return `"${item.replace(/[\\"]/g, "\\$&")}"`;
  });
  return `{${quoted.join(",")}}`;
}
