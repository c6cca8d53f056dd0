/** How to connect: through a socket in a folder only this account can enter, hence without a password. */
export interface SocketConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

export interface EmbeddedPostgres {
  readonly connection: SocketConnection;
  /** True when a postmaster was already running, started by another or an earlier server process. */
  readonly adopted: boolean;
  /** Process id of the postmaster now. */
  readonly pid: number;
  /**
   * Leaves; the last one out shuts PostgreSQL down (fast: open transactions are rolled back). On Linux no process of it
   * works in the data folder any more once this resolves. Once `hurry` aborts it is shut down at once: nothing is lost,
   * its log is replayed with the next start.
   */
  stop(hurry?: AbortSignal): Promise<void>;
}
