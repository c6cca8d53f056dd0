import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { statfs } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { machineUptime } from "./capture/uptime.ts";
import { acquireLock, type InstanceLock } from "./contract/instanceLock.ts";
import { parseSettings, type RoomProcessSettings } from "./contract/settings.ts";
import { ControlServer } from "./control/server.ts";
import { lineLog } from "./lineLog.ts";
import { LocalRelay } from "./peer/localRelay.ts";
import { nativePeers } from "./peer/nativePeer.ts";
import { RoomService } from "./service.ts";

/** Another room process serves this folder: not an error, and no reason to start one more. */
const exitHeld = 0;
const exitFailed = 1;
const lockAttempts = 20;
const lockRetryMs = 50;

/** The UDP port to use. @throws when it is taken */
async function freePort(port: number, address: string): Promise<number> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ port, address, exclusive: true }, resolve);
    });
    return socket.address().port;
  } finally {
    socket.close();
  }
}

async function takeLock(dir: string): Promise<InstanceLock | undefined> {
  for (let attempt = 0; attempt < lockAttempts; attempt++) {
    const lock = await acquireLock(dir);
    if (lock) return lock;
    await systemClock.sleep(lockRetryMs);
  }
  return undefined;
}

async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

/** Reads and starts over with every call; ms. */
function eventLoopDelay(): () => { p99: number; max: number } {
  const resolutionMs = 5;
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  return () => {
    // The timer's own period is measured too.
    const toMs = (ns: number) => Math.max(0, ns / 1e6 - resolutionMs);
    const reading = { p99: toMs(delays.percentile(99)), max: toMs(delays.max) };
    delays.reset();
    return reading;
  };
}

/** Whatever is written here, by libraries too, is nobody else's on this machine. */
process.umask(0o077);

/** Where media is taken from this machine alone. */
function localRelay(
  { bindAddress, publicAddress }: RoomProcessSettings,
  port: number,
  log: Log,
): LocalRelay | undefined {
  if (!bindAddress.startsWith("127.") || publicAddress !== undefined) return undefined;
  const target = { address: bindAddress, port };
  return new LocalRelay({ target, log, now: () => performance.now() });
}

async function run(settings: RoomProcessSettings, log: Log): Promise<void> {
  const lock = await takeLock(settings.stateDir);
  if (!lock) {
    log.info({}, "another room process serves this folder");
    process.exit(exitHeld);
  }
  const udpPort = await freePort(settings.udpPort, settings.bindAddress);
  const relay = localRelay(settings, udpPort, log);
  const stopping = new AbortController();
  const service = await RoomService.create(settings, {
    clock: systemClock,
    now: () => performance.now(),
    uptime: machineUptime(),
    log,
    peers: nativePeers({ udpPort, bindAddress: settings.bindAddress, ...(relay && { relay }) }),
    freeBytes: () => freeBytes(settings.recordingsDir),
    newId: () => randomBytes(16).toString("base64url"),
    random32: () => randomBytes(4).readUInt32BE(0),
    eventLoopDelay: eventLoopDelay(),
    shutdown: () => stopping.abort(),
  });
  const server = new ControlServer(service.handlers, log);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopping.abort());
  const resumed = service.resume();
  await server.listen(settings.socketPath);
  await resumed;
  log.info({ udpPort, pid: process.pid }, "room process is ready");
  while (!stopping.signal.aborted && !service.abandoned)
    await systemClock.sleep(service.tick(), stopping.signal);
  server.close();
  await service.stop();
  relay?.close();
  await lock.release();
  log.info({}, "room process ends");
}

const log = lineLog((line) => process.stderr.write(line), Date.now);
try {
  await run(parseSettings(process.argv[2]), log);
  // Native threads would keep the process.
  process.exit(0);
} catch (error) {
  log.error({ err: error }, "room process failed");
  process.exit(exitFailed);
}
