import { statement, type Tx } from "../../db/port.ts";

/** Somebody came with a device, or left with it. */
export interface SessionWord {
  roomId: string;
  userId: string;
  sessionId: string;
  isIn: boolean;
  /** When the provider says that it was, epoch ms. */
  at: number;
}

/** Only a later word changes anything; of two at one moment, the one that says they have left. */
const note = statement(
  "providerSessions.note",
  `INSERT INTO provider_sessions AS s (room_id, user_id, session_id, is_in, said_at)
   VALUES ($1, $2, $3, $4, to_timestamp($5::double precision / 1000))
   ON CONFLICT (room_id, user_id, session_id) DO UPDATE SET is_in = EXCLUDED.is_in, said_at = EXCLUDED.said_at
   WHERE s.said_at < EXCLUDED.said_at OR (s.said_at = EXCLUDED.said_at AND NOT EXCLUDED.is_in)`,
);

const isThere = statement<{ present: boolean }>(
  "providerSessions.isThere",
  `SELECT EXISTS (SELECT 1 FROM provider_sessions WHERE room_id = $1 AND user_id = $2 AND is_in) AS present`,
);

const endAll = statement<{ userId: string }>(
  "providerSessions.endAll",
  `UPDATE provider_sessions SET is_in = false, said_at = to_timestamp($2::double precision / 1000)
   WHERE room_id = $1 AND is_in AND said_at <= to_timestamp($2::double precision / 1000)
   RETURNING user_id AS "userId"`,
);

/** Notes a word. @returns whether the person is in the room with any device now */
export async function noteSession(tx: Tx, word: SessionWord): Promise<boolean> {
  const { roomId, userId, sessionId, isIn, at } = word;
  await tx.run(note, [roomId, userId, sessionId, isIn, at]);
  return (await tx.first(isThere, [roomId, userId]))?.present ?? false;
}

/** Nobody is in a room whose session has ended at `at` (epoch ms). @returns who was */
export async function endSessions(tx: Tx, roomId: string, at: number): Promise<string[]> {
  const ended = await tx.all(endAll, [roomId, at]);
  return [...new Set(ended.map(({ userId }) => userId))];
}
