import pg from "pg";
import { valueTypes } from "./valueTypes.ts";

/** Where the database is: a `postgres://` URL, or the socket of the embedded one. */
export type ConnectionTarget =
  | string
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
    };

/** Longest wait for a new connection, ms. */
const connectTimeoutMs = 10_000;

/** Settings of every connection of ours; `options` are session settings sent with the connection request. */
export function clientConfig(target: ConnectionTarget, options?: string): pg.ClientConfig {
  const where = typeof target === "string" ? { connectionString: target } : target;
  return {
    ...where,
    types: valueTypes,
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: "connvo",
    ...(options === undefined ? {} : { options }),
  };
}

/** A connection of its own, outside the pool: for migrations, listening, backups. The caller ends it. */
export async function connectDirectly(target: ConnectionTarget): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(target));
  // Without a listener a broken idle connection would end the process.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
