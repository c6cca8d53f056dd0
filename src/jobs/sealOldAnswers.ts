import { sealAnswer } from "../core/sealedAnswer.ts";
import { type Database, statement } from "../db/port.ts";

interface OpenAnswer {
  session: string;
  sessionId: string;
  requestId: number;
  caller: string;
  result: string;
}

const findOpen = statement<OpenAnswer>(
  "answers.findOpen",
  `SELECT session_id AS session, clear_session_id AS "sessionId", request_id AS "requestId", caller, result
   FROM client_mutations WHERE sealed IS NULL ORDER BY session_id LIMIT $1 FOR UPDATE SKIP LOCKED`,
);

const seal = statement(
  "answers.seal",
  `UPDATE client_mutations SET sealed = $3, result = NULL, clear_session_id = NULL
   WHERE session_id = $1 AND request_id = $2`,
);

/** Answers that are sealed in one transaction: each may be large. */
const mostAtOnce = 100;

/**
 * Seals answers to live clients' mutations that an earlier version has stored, or still stores while nodes are replaced.
 * @returns how many
 */
export async function sealOldAnswers(db: Database, limit: number): Promise<number> {
  let count = 0;
  for (;;) {
    const sealed = await sealSome(db, Math.min(mostAtOnce, limit - count));
    count += sealed;
    if (sealed < mostAtOnce || count >= limit) return count;
  }
}

function sealSome(db: Database, limit: number): Promise<number> {
  return db.transaction(async (tx) => {
    const open = await tx.all(findOpen, [limit]);
    for (const { session, result, ...sealedFor } of open)
      await tx.run(seal, [session, sealedFor.requestId, sealAnswer(sealedFor, result)]);
    return open.length;
  });
}
