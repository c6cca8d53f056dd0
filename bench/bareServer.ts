import { createSocket } from "node:dgram";
import { once } from "node:events";
import { open } from "node:fs/promises";
import Fastify, { type FastifyInstance } from "fastify";
import type pg from "pg";
import type { ConnectionTarget } from "../src/db/connection.ts";
import { rawPool } from "./rawPool.ts";

export interface BareServerOptions {
  connection: ConnectionTarget;
  /** What `POST /query` asks the database. */
  queries: pg.QueryConfig[];
}

/** What the server says of itself on its first line of output. */
export interface BareAddresses {
  url: string;
  /** UDP port of the media to be written by `POST /record`. */
  mediaPort: number;
}

/** The least that does what is measured: Fastify and `pg`, a datagram socket and a file; no rules, no sign-in. */
export async function serveBare({ connection, queries }: BareServerOptions): Promise<void> {
  const app = Fastify();
  const pool = rawPool(connection, 16);
  app.post("/query", async () => {
    let rows: object[] = [];
    for (const query of queries) rows = (await pool.query<object>(query)).rows;
    return { status: "success", errorMessage: "", errorData: {}, value: rows[0] ?? null };
  });
  const mediaPort = await recordDatagrams(app);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const addresses: BareAddresses = { url, mediaPort };
  process.stdout.write(`${JSON.stringify(addresses)}\n`);
  process.once("SIGTERM", () => process.exit());
}

/** `POST /record` opens a file, answers, and writes the next datagram into it. */
async function recordDatagrams(app: FastifyInstance): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  app.post<{ Body: { file: string } }>("/record", async ({ body }) => {
    const file = await open(body.file, "wx");
    socket.once("message", (datagram) => {
      void file.write(datagram).finally(() => file.close());
    });
    return { status: "success" };
  });
  return socket.address().port;
}
