import type { User, UserIdentity } from "../../auth/identity.ts";
import { findCurrentUser, findUser, provisionUser } from "../../auth/users.ts";
import type { Database, ReadTx } from "../../db/port.ts";

/** Where the rows of people are kept. */
export interface Accounts {
  /**
   * The caller's row, or undefined when it must be written first: it is missing or says other than the token.
   * @param held in a transaction that writes: nobody deactivates them until it is over
   */
  findCurrent(tx: ReadTx, identity: UserIdentity, held: boolean): Promise<User | undefined>;
  /** The caller's row as it is. */
  find(tx: ReadTx, identity: UserIdentity, held: boolean): Promise<User | undefined>;
  /** Creates the row or brings it up to date, in a transaction of its own. */
  provision(identity: UserIdentity): Promise<unknown>;
}

/** The rows of the users table. */
export function databaseAccounts(db: Database): Accounts {
  return {
    findCurrent: findCurrentUser,
    find: findUser,
    provision: (identity) => provisionUser(db, identity),
  };
}
