export { DatabaseUnavailableError } from "./port.ts";

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
