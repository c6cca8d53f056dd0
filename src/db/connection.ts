import pg from "pg";

/** Where the database is: a `postgres://` URL, or the socket of the embedded one. */
export type ConnectionTarget =
  | string
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
    };

/** Longest wait for a connection, ms. */
const connectTimeoutMs = 10_000;

/** Settings of every connection of ours; `options` are session settings sent with the connection request. */
export function clientConfig(target: ConnectionTarget, options?: string): pg.ClientConfig {
  return {
    ...where(target, options),
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: "connvo",
  };
}

/** What a URL asks for itself (`?options=…`) stays, and comes last so that it wins. */
function where(target: ConnectionTarget, options: string | undefined): pg.ClientConfig {
  if (typeof target !== "string") return options === undefined ? target : { ...target, options };
  if (options === undefined) return { connectionString: target };
  const url = new URL(target);
  const own = url.searchParams.get("options");
  url.searchParams.delete("options");
  const query = url.search.slice(1);
  const all = encodeURIComponent(own === null ? options : `${options} ${own}`);
  url.search = query === "" ? `options=${all}` : `${query}&options=${all}`;
  return { connectionString: url.href };
}

/** A connection of its own, outside the pool: for migrations, listening, backups. The caller ends it. */
export async function connectDirectly(
  target: ConnectionTarget,
  options?: string,
): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(target, options));
  // Without a listener a broken idle connection would end the process.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
