import type { Identity } from "../../auth/identity.ts";
import { inactiveUser } from "../../auth/users.ts";
import type { Database, DataKey, ReadTx, Tx } from "../../db/port.ts";
import type { Accounts } from "./accounts.ts";

/**
 * The database of an action. Between what its permission was granted on and the first it writes its caller may have been
 * deactivated: that is refused with FORBIDDEN. Whatever follows belongs to what has begun, and is not.
 */
export class CallersDatabase implements Database {
  readonly #db: Database;
  readonly #accounts: Accounts;
  readonly #identity: Identity;
  #hasBegun = false;

  constructor(db: Database, accounts: Accounts, identity: Identity) {
    this.#db = db;
    this.#accounts = accounts;
    this.#identity = identity;
  }

  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    return this.#db.read(work);
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#hasBegun) return this.#db.transaction(work);
    const result = await this.#db.transaction(async (tx) => {
      // Said before what `work` says and looked at after it: no round trip of its own.
      const [active, done] = await Promise.allSettled([this.#requireActive(tx), work(tx)]);
      if (active.status === "rejected") throw active.reason;
      if (done.status === "rejected") throw done.reason;
      return done.value;
    });
    this.#hasBegun = true;
    return result;
  }

  listen(onCommit: (keys: DataKey[]) => void): Promise<() => Promise<void>> {
    return this.#db.listen(onCommit);
  }

  ping(): Promise<void> {
    return this.#db.ping();
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  async #requireActive(tx: Tx): Promise<void> {
    if (this.#identity.kind !== "user") return;
    const user = await this.#accounts.find(tx, this.#identity, true);
    if (user?.isActive === false) throw inactiveUser();
  }
}
