import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { inject } from "vitest";
import { dumpTables } from "../../support/evidence/dumpTables.ts";
import { addEvidence } from "../../support/evidence/scope.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { connectionOf } from "./database.ts";
import { type FoundProcess, killAll, processesOf } from "./processes.ts";
import { type ServerProcess, startServer } from "./server.ts";
import { until } from "./until.ts";

/** Names of these tests' folders begin so, with the id of the process that made them. */
export const folderPrefix = "connvo-acceptance-";

/** A data folder with the servers working in it. */
export interface Site {
  readonly dataDir: string;
  /** Every server that was started here, dead ones too. */
  readonly servers: readonly ServerProcess[];
  start(env?: Record<string, string>, port?: number): Promise<ServerProcess>;
  /** The live processes of this data folder. */
  processes(role?: FoundProcess["role"]): Promise<FoundProcess[]>;
  /** Stops every server. @returns what was still running or lying about some seconds after */
  stop(): Promise<string[]>;
  /** Stops every server and ends whatever else runs; the folder is removed after the verdict. */
  close(): Promise<void>;
}

/** Makes a data folder, with a database in it unless the first server is to make it (`fresh`). */
export async function openSite({ fresh = false } = {}): Promise<Site> {
  const parent = await scratchFolder(`${folderPrefix}${process.pid}-`);
  const dataDir = path.join(parent, "data");
  if (!fresh) await copyDatabase(dataDir);
  const servers: ServerProcess[] = [];
  const processes = async (role?: FoundProcess["role"]) => {
    // A dead one's id may be another's by now.
    const running = servers.filter(({ process: { exitCode, signalCode } }) => {
      return exitCode === null && signalCode === null;
    });
    const found = await processesOf(
      dataDir,
      running.map(({ pid }) => pid),
    );
    return found.filter((process) => role === undefined || process.role === role);
  };
  const stopServers = () => Promise.all(servers.map((server) => server.stop()));
  const haveEnded = (timeoutMs: number) =>
    until("all processes have ended", timeoutMs, async () => (await processes()).length === 0);
  const stop = async () => {
    await stopServers();
    await haveEnded(60_000).catch(() => undefined);
    return (await processes()).map(({ role, command }) => `${role}: ${command}`);
  };
  const endAll = async () => {
    await stopServers();
    await killAll(await processes());
    // What is killed may still write for a moment.
    await haveEnded(60_000);
  };
  addEvidence({
    name: "servers",
    collect: async (folder) => {
      const found = (await processes()).map((one) => JSON.stringify(one)).join("\n");
      await writeFile(path.join(folder, "processes.txt"), found);
      for (const [index, server] of servers.entries())
        await writeFile(path.join(folder, `server-${index + 1}.log`), server.output());
      try {
        await dumpTables(await connectionOf(dataDir), folder);
      } catch {
        // It does not run: its files are all there is.
        await cp(path.join(dataDir, "postgres"), path.join(folder, "postgres"), {
          recursive: true,
        });
      }
    },
  });
  return {
    dataDir,
    servers,
    start: async (env, port) => {
      const server = await startServer({
        program: inject("serverProgram"),
        dataDir,
        ...(env ? { env } : {}),
        ...(port === undefined ? {} : { port }),
      });
      servers.push(server);
      return server;
    },
    processes,
    stop,
    close: endAll,
  };
}

/** Making a database takes longer than many a test; only tests of a first start need to. */
async function copyDatabase(dataDir: string): Promise<void> {
  await mkdir(dataDir, { mode: 0o711 });
  await promisify(execFile)("cp", ["-a", inject("usedDatabase"), path.join(dataDir, "postgres")]);
}
