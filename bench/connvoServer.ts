import path from "node:path";
import { processEntry } from "../src/config/paths.ts";
import { systemClock } from "../src/core/clock.ts";
import { silentLog } from "../src/core/log.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../src/db/embedded/start.ts";
import { embeddedFolder } from "../src/db/embedded/target.ts";
import type { RoomStats } from "../src/rooms/contract/protocol.ts";
import { ControlClient } from "../src/video/embedded/client.ts";
import { roomPaths } from "../src/video/embedded/paths.ts";
import { type Announced, plainEnvironment, startChild } from "./childProcess.ts";
import type { Stage } from "./stage.ts";

/** The product as `npm start` runs it, in a process of its own. */
export interface ConnvoServer {
  readonly pid: number;
  readonly url: string;
  readonly dataDir: string;
  stop(): Promise<void>;
}

const serverEntry = path.join(path.dirname(processEntry("roomProcess")), "main.js");

/** Starts the built server over `dataDir` on free ports; resolves once it says that it is ready. */
export async function startConnvo(
  dataDir: string,
  more: Record<string, string> = {},
): Promise<ConnvoServer> {
  const settings = {
    PORT: "0",
    CONNVO_RTC_PORT: "0",
    CONNVO_DATA_DIR: dataDir,
    // Composing would use the very processor that is being measured.
    CONNVO_COMPOSE_JOBS: "0",
    ...more,
  };
  const child: Announced<string> = await startChild(
    [serverEntry],
    { ...plainEnvironment(), ...settings },
    readyAddress,
  );
  return { pid: child.pid, url: child.said, dataDir, stop: child.stop };
}

/** A running server in a folder of its own, both gone with the stage. */
export async function ownConnvo(
  stage: Stage,
  settings: Record<string, string> = {},
): Promise<ConnvoServer> {
  const server = await startConnvo(await stage.folder(), settings);
  stage.own("server", () => server.stop());
  return server;
}

function readyAddress(line: string): string | undefined {
  if (!line.includes('"msg":"ready"')) return undefined;
  return (JSON.parse(line) as { url: string }).url;
}

/** Process id of the room process that serves a data folder. */
export async function roomProcessOf(dataDir: string): Promise<number> {
  return (await withRooms(dataDir, (rooms) => rooms.call("health", {}))).pid;
}

/** What that room process counts; its event loop's delay is since the last call. */
export function roomStatsOf(dataDir: string): Promise<RoomStats> {
  return withRooms(dataDir, (rooms) => rooms.call("stats", {}));
}

async function withRooms<T>(
  dataDir: string,
  ask: (rooms: ControlClient) => Promise<T>,
): Promise<T> {
  const client = new ControlClient(roomPaths(dataDir).socketPath, systemClock);
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}

/** The embedded PostgreSQL a server runs over `dataDir`, shared with it. */
export function postgresOf(dataDir: string): Promise<EmbeddedPostgres> {
  const folder = embeddedFolder(dataDir);
  return startEmbeddedPostgres({ dataDir: folder, log: silentLog, clock: systemClock });
}
