import { createHash } from "node:crypto";
import type { Identity } from "../../auth/identity.ts";
import { AppError } from "../../core/errors.ts";
import { hiddenSession, openAnswer, sealAnswer } from "../../core/sealedAnswer.ts";
import { statement, type Tx } from "../../db/port.ts";

/** What makes a mutation the same as one that was sent before. */
export interface RequestKey {
  /** A client's own, the same after it connected again. */
  readonly sessionId: string;
  readonly requestId: number;
}

/** What a mutation gave, and the number of its commit. */
export interface CarriedOut {
  readonly json: string;
  readonly ts: bigint;
}

/** The same mutation was committed over another connection meanwhile: what this one did is undone. */
export class CarriedOutElsewhere extends Error {
  override name = "CarriedOutElsewhere";
}

interface Known {
  /** Of an earlier version, and about to be sealed. */
  result: string | null;
  sealed: Buffer;
  ts: string;
  caller: string;
}

const find = statement<Known>(
  "repeats.find",
  `SELECT result, sealed, ts::text AS ts, caller FROM client_mutations WHERE session_id = $1 AND request_id = $2`,
);

// Waits for a transaction that is about to write the same row.
const insert = statement<{ ts: string }>(
  "repeats.insert",
  `INSERT INTO client_mutations (session_id, request_id, caller, sealed) VALUES ($1, $2, $3, $4)
   ON CONFLICT DO NOTHING RETURNING ts::text AS ts`,
);

/**
 * Carries a mutation out unless it was before, and remembers its result in the same transaction, sealed for its session.
 * @returns undefined when `work` does.
 * @throws CarriedOutElsewhere: then the transaction is to be run again, and finds the result; AppError CONFLICT when it was
 * carried out for another caller, whose result is nobody else's: a client may sign in or out while it waits.
 */
export async function onceOnly(
  tx: Tx,
  { sessionId, requestId }: RequestKey,
  identity: Identity,
  work: () => Promise<string | undefined>,
): Promise<CarriedOut | undefined> {
  const caller = callerOf(identity);
  const session = hiddenSession(sessionId);
  const sealedFor = { sessionId, requestId, caller };
  const known = await tx.first(find, [session, requestId]);
  if (known && known.caller !== caller)
    throw new AppError("CONFLICT", "This was carried out for who was signed in before");
  if (known) {
    const json = known.result ?? openAnswer(sealedFor, known.sealed);
    return { json, ts: BigInt(known.ts) };
  }
  const json = await work();
  if (json === undefined) return undefined;
  const row = await tx.first(insert, [session, requestId, caller, sealAnswer(sealedFor, json)]);
  if (row === undefined) throw new CarriedOutElsewhere();
  return { json, ts: BigInt(row.ts) };
}

/** The same for all tokens of a person. */
function callerOf(identity: Identity): string {
  if (identity.kind !== "user") return identity.kind;
  const { issuer, subject } = identity;
  return createHash("sha256")
    .update(JSON.stringify([issuer, subject]))
    .digest("base64url");
}
