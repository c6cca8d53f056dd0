import type { User, UserIdentity } from "../../../src/auth/identity.ts";
import type { LinkSigner } from "../../../src/auth/signedLink.ts";
import type { PeerTokens } from "../../../src/auth/tokens/peerTokens.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { Database, ReadTx, SqlValue, Statement, Tx } from "../../../src/db/port.ts";
import { capturesStay } from "../../../src/recordings/archive/captureCopies.ts";
import type { Accounts } from "../../../src/runtime/call/accounts.ts";
import type { Services } from "../../../src/runtime/context.ts";
import type { Storage } from "../../../src/storage/port.ts";

/** A database of one counter: transactions work on a copy that only a commit keeps. */
export class CounterDatabase implements Database {
  total = 0;
  transactions = 0;

  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    return work(new CounterTx(this.total));
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    this.transactions += 1;
    const tx = new CounterTx(this.total);
    const result = await work(tx);
    this.total = tx.total;
    return result;
  }

  async listen(): Promise<() => Promise<void>> {
    return async () => undefined;
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}
}

class CounterTx implements Tx {
  total: number;

  constructor(total: number) {
    this.total = total;
  }

  async all<Row>(statement: Statement<Row>, values: readonly SqlValue[] = []): Promise<Row[]> {
    if (statement.name === "samples.add") this.total += Number(values[0]);
    return [{ total: this.total } as Row];
  }

  async first<Row>(statement: Statement<Row>, values?: readonly SqlValue[]): Promise<Row> {
    const [row] = await this.all(statement, values);
    return row as Row;
  }

  async run(): Promise<number> {
    return 0;
  }

  reads(): void {}

  writes(): void {}

  afterCommit(): void {}
}

/** Users by subject; rows say what their tokens say unless marked stale. */
export class FakeAccounts implements Accounts {
  readonly rows = new Map<string, User>();
  provisions = 0;

  readonly findCurrent = async (_tx: ReadTx, identity: UserIdentity) => {
    const user = this.rows.get(identity.subject);
    return user?.email === (identity.email ?? user?.email) ? user : undefined;
  };

  readonly find = async (_tx: ReadTx, identity: UserIdentity) => this.rows.get(identity.subject);

  readonly provision = async ({ issuer, subject, email = "" }: UserIdentity) => {
    this.provisions += 1;
    const user: User = {
      id: `user_${subject}`,
      issuer,
      subject,
      email,
      isActive: true,
    };
    this.rows.set(subject, user);
  };
}

export function fakeServices(db: Database): Services {
  return {
    config: loadConfig({}),
    db,
    video: {} as Services["video"],
    storage: {} as Storage,
    clock: systemClock,
    log: silentLog,
    links: {} as LinkSigner,
    peerTokens: {} as PeerTokens,
    copies: capturesStay,
    languageModel: undefined,
    meaning: undefined,
    captured: { of: async () => undefined },
    nodeId: "node-1",
    siteId: null,
    publicUrl: () => "http://127.0.0.1:3210",
    freeDiskBytes: async () => Number.MAX_SAFE_INTEGER,
  };
}
