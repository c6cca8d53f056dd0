import type { Log } from "../core/log.ts";
import { type DataKey, type Statement, statement } from "./port.ts";
import { Session, type SessionOptions } from "./session.ts";

/** The channel commits are announced on. */
export const commitChannel = "connvo_commit";

/** The channel on which listeners find out that they hear. */
export const hearingChannel = "connvo_hearing";

/** PostgreSQL refuses payloads of 8000 bytes and more. */
const payloadLimit = 7900;

/** Without waiting for the disk: there is nothing in it to be kept. */
const notify = statement(
  "db.notify",
  `SELECT set_config('synchronous_commit', 'off', true), pg_notify('${commitChannel}', $1)`,
);

const probe = statement("db.probeListeners", `SELECT pg_notify('${hearingChannel}', '')`);

/**
 * Announces what was committed, in batches and after the fact. A NOTIFY inside the writing transaction would make
 * PostgreSQL commit one transaction at a time: it holds a database-wide lock across the fsync. An announcement lost
 * with the process does no harm, for `commit_log` has the truth.
 */
export class CommitNotifier {
  readonly #session: SessionOptions;
  readonly #log: Log;
  #waiting = new Set<DataKey>();
  #sending: Promise<void> | undefined;

  constructor(session: SessionOptions, log: Log) {
    this.#session = session;
    this.#log = log;
  }

  /** Announces those keys soon: at once, or together with others while a batch is under way. */
  announce(keys: readonly DataKey[]): void {
    for (const key of keys) this.#waiting.add(key);
    if (this.#waiting.size > 0) this.#sending ??= this.#drain();
  }

  /** Lets listeners find out that they hear; nothing was committed. @throws what keeps it from being sent */
  probeListeners(): Promise<void> {
    return this.#send(probe, []);
  }

  /** Sends what is waiting. */
  async close(): Promise<void> {
    await this.#sending;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.size > 0) {
      const keys = [...this.#waiting];
      this.#waiting = new Set();
      await this.#send(notify, [payloadOf(keys)]).catch((error: unknown) => {
        this.#log.warn({ err: error }, "a commit could not be announced");
      });
    }
    this.#sending = undefined;
  }

  async #send(announcement: Statement<unknown>, values: readonly string[]): Promise<void> {
    const session = new Session(this.#session);
    try {
      await session.all(announcement, values);
      await session.commit();
    } catch (error) {
      await session.abandon();
      throw error;
    }
  }
}

/** Keys as a JSON array; an empty one when they do not fit, which says: something changed, read `commit_log`. */
function payloadOf(keys: readonly DataKey[]): string {
  const payload = JSON.stringify(keys);
  return Buffer.byteLength(payload) <= payloadLimit ? payload : "[]";
}
