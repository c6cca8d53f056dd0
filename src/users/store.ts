import type { User } from "../auth/identity.ts";
import { toUser, type UserRow, userColumns } from "../auth/userRow.ts";
import { type ReadTx, statement, type Tx } from "../db/port.ts";

const findById = statement<UserRow>(
  "users.find",
  `SELECT ${userColumns} FROM users u WHERE u.id = $1`,
);

/** A user by id, deactivated ones too; undefined also for what cannot be an id. */
export async function findUserById(tx: ReadTx, id: string): Promise<User | undefined> {
  if (!/^[\w-]{1,64}$/.test(id)) return undefined;
  tx.reads(`user:${id}`);
  const row = await tx.first(findById, [id]);
  return row && toUser(row);
}

const touch = statement(
  "users.markSeen",
  "UPDATE users SET last_seen_at = app_now() WHERE id = $1",
);

/** Notes that a user is there now. */
export async function markSeen(tx: Tx, userId: string): Promise<void> {
  await tx.run(touch, [userId]);
  tx.writes(`user:${userId}`);
}
