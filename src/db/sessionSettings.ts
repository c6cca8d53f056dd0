import type pg from "pg";
import { errorCode } from "../core/errorCode.ts";
import { type ConnectionTarget, connectDirectly } from "./connection.ts";
import { translate } from "./failures.ts";

/** Limits of every transaction, ms. */
export const limits = { statementMs: 15_000, transactionMs: 30_000 } as const;

/** How transactions of this pool are opened. */
export interface SessionSettings {
  /** Settings sent with each connection request. */
  readonly options: string | undefined;
  /**
   * True when sessions default to a read-only snapshot: then a read needs no BEGIN and COMMIT, and a statement that
   * strayed out of a transaction cannot write. False behind poolers that drop the settings.
   */
  readonly readOnlySnapshots: boolean;
}

const base = [
  "-c default_transaction_isolation=repeatable\\ read",
  "-c default_transaction_read_only=on",
  "-c TimeZone=UTC",
  `-c statement_timeout=${limits.statementMs}`,
  `-c idle_in_transaction_session_timeout=${limits.transactionMs}`,
].join(" ");

/** PostgreSQL 17 and newer. */
const withTransactionTimeout = `${base} -c transaction_timeout=${limits.transactionMs}`;

/**
 * Finds out which session settings the server takes: connection poolers in transaction mode refuse them or, worse,
 * drop them silently, so they are read back.
 * @throws DatabaseUnavailableError when the server cannot be reached.
 */
export async function findSessionSettings(target: ConnectionTarget): Promise<SessionSettings> {
  for (const options of [withTransactionTimeout, base]) {
    if (await takes(target, options)) return { options, readOnlySnapshots: true };
  }
  return { options: undefined, readOnlySnapshots: false };
}

async function takes(target: ConnectionTarget, options: string): Promise<boolean> {
  try {
    const client = await connectDirectly(target, options);
    try {
      return await keepsSettings(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    if (isRefusal(error)) return false;
    throw translate(error);
  }
}

async function keepsSettings(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ isolation: string; readOnly: string }>(
    `SELECT current_setting('default_transaction_isolation') AS isolation,
            current_setting('default_transaction_read_only') AS "readOnly"`,
  );
  return rows[0]?.isolation === "repeatable read" && rows[0].readOnly === "on";
}

/** An unknown setting, or a pooler's "unsupported startup parameter". */
function isRefusal(error: unknown): boolean {
  const code = errorCode(error);
  return code === "42704" || code === "08P01" || (code?.startsWith("0A") ?? false);
}
