import pg from "pg";

const { builtins } = pg.types;

/** How column values arrive: `timestamptz` as epoch ms, `int8` as number, the rest as `pg` has it (jsonb parsed). */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") => {
    if (oid === builtins.INT8) return parseInt8;
    if (oid === builtins.TIMESTAMPTZ) return parseTimestamp;
    return pg.types.getTypeParser(oid, format as "text");
  }) as typeof pg.types.getTypeParser,
};

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
