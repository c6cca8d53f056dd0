import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import path from "node:path";
import { expect, vi } from "vitest";
import { keepOutput } from "./evidence/processOutput.ts";
import { scratchFolder } from "./evidence/scratchFolder.ts";
import { freePort } from "./freePort.ts";
import { patience } from "./patience.ts";

export interface PgBouncer {
  /** `postgres://` URL of a database through it. */
  url(database: string): string;
  stop(): Promise<void>;
}

/** Few, so that sessions have to share them. */
const serverConnections = 4;
const nobody = 65_534;

/** Starts PgBouncer in transaction mode before an embedded PostgreSQL; `host` is the folder of its socket. */
export async function startPgBouncer({
  host,
  port,
}: {
  host: string;
  port: number;
}): Promise<PgBouncer> {
  const folder = await scratchFolder("connvo-pgbouncer-", 0o755);
  const relay = await relayTo(path.join(host, `.s.PGSQL.${port}`));
  const listen = await freePort();
  const file = path.join(folder, "pgbouncer.ini");
  const settings = {
    ...{ listen_addr: "127.0.0.1", listen_port: listen, unix_socket_dir: "" },
    ...{ auth_type: "any", pool_mode: "transaction", max_client_conn: 500 },
    default_pool_size: serverConnections,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  await writeFile(
    file,
    `[databases]\n* = host=127.0.0.1 port=${(relay.address() as AddressInfo).port} user=postgres\n[pgbouncer]\n${lines.join("\n")}\n`,
  );
  const child = spawn("pgbouncer", [file], {
    env: { PATH: `${process.env["PATH"]}:/usr/sbin` },
    stdio: ["ignore", "pipe", "pipe"],
    // It refuses to run as root.
    ...(process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}),
  });
  const output = keepOutput("pgbouncer", child);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await vi.waitFor(async () => {
    expect(child.exitCode, output()).toBeNull();
    await reach(listen);
  }, patience);
  return {
    url: (database) => `postgres://postgres@127.0.0.1:${listen}/${database}`,
    stop: async () => {
      child.kill("SIGINT");
      await exited;
      relay.close();
    },
  };
}

/** Only who runs PostgreSQL may use its socket. */
async function relayTo(socketPath: string): Promise<Server> {
  const relay = createServer((client) => {
    const server = connect(socketPath);
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
    client.pipe(server).pipe(client);
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  return relay;
}

function reach(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}
