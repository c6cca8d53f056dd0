import pg from "pg";
import type { ConnectionTarget } from "../src/db/connection.ts";
import { parserFor } from "../src/db/valueTypes.ts";

/** The plain driver. It decodes as ours does, for its own dates would cost it more. */
export function rawPool(connection: ConnectionTarget, size: number): pg.Pool {
  const where = typeof connection === "string" ? { connectionString: connection } : connection;
  return new pg.Pool({ ...where, max: size, types: { getTypeParser: parserFor } });
}
