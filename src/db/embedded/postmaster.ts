import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import path from "node:path";
import type { Account } from "./account.ts";

export interface PostmasterOptions {
  readonly dataDir: string;
  readonly socketDir: string;
  readonly postgres: string;
  readonly account: Account;
  readonly env: NodeJS.ProcessEnv;
}

/** What must hold for "acknowledged means durable"; asked for at start and verified by SHOW. */
export const durableSettings: Readonly<Record<string, string>> = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  data_checksums: "on",
};

const settings: Readonly<Record<string, string>> = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  // Reachable only through the socket folder, which nobody else can enter: that is the authentication.
  listen_addresses: "",
  unix_socket_permissions: "0700",
  port: "5432",
  // Several server processes share one postmaster, each with a pool of 16 by default.
  max_connections: "100",
  shared_buffers: "128MB",
  io_method: "sync",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  // Failed statements are reported to the client; their text and values do not belong into a file.
  log_min_messages: "log",
  log_error_verbosity: "terse",
  log_min_error_statement: "panic",
  log_checkpoints: "off",
  logging_collector: "on",
  log_directory: "log",
  log_filename: "postgresql-%u.log",
  log_truncate_on_rotation: "on",
  log_rotation_age: "1d",
  log_rotation_size: "0",
};

/** Starts a postmaster that outlives this process: its own session, no pipe to us. */
export async function spawnPostmaster(options: PostmasterOptions): Promise<ChildProcess> {
  const { dataDir, socketDir, postgres, account, env } = options;
  const all = { ...settings, unix_socket_directories: socketDir };
  const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const { file, args, ...ids } = account.command(postgres, ["-D", dataDir, ...flags]);
  const output = await open(outputPath(socketDir), "w", 0o600);
  try {
    const stdio = ["ignore", output.fd, output.fd] as const;
    const child = spawn(file, args, { cwd: "/", detached: true, stdio: [...stdio], env, ...ids });
    child.on("error", () => undefined);
    child.unref();
    return child;
  } finally {
    await output.close();
  }
}

/** Why the last start failed, in PostgreSQL's words. */
export async function startFailure(socketDir: string): Promise<string> {
  const text = await readFile(outputPath(socketDir), "utf8").catch(() => "");
  const lines = text
    .split("\n")
    .filter((line) => /FATAL|error while loading|cannot|failed/i.test(line));
  return lines.at(-1)?.replace(/^.*FATAL:\s*/, "") ?? "see the folder log beside its files";
}

const outputPath = (socketDir: string) => path.join(socketDir, "start.log");
