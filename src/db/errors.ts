/** The database cannot be reached or dropped us: a typed breakage that edges answer with 503 and a retry hint. */
export class DatabaseUnavailableError extends Error {
  /** True when the connection broke while COMMIT was under way: the transaction may or may not be stored. */
  readonly ambiguous: boolean;

  constructor(message: string, options: { cause?: unknown; ambiguous?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DatabaseUnavailableError";
    this.ambiguous = options.ambiguous ?? false;
  }
}

/** The embedded PostgreSQL cannot run here; the message says why and names the way out, `DATABASE_URL`. */
export class EmbeddedPostgresError extends Error {
  constructor(message: string, cause?: unknown) {
    super(
      `Embedded PostgreSQL: ${message}. Set DATABASE_URL to use another PostgreSQL.`,
      cause === undefined ? undefined : { cause },
    );
    this.name = "EmbeddedPostgresError";
  }
}

/** The schema and this code do not fit together; the message names the migration. */
export class MigrationError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "MigrationError";
  }
}
