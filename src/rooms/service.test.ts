import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Clock, systemClock } from "../core/clock.ts";
import { silentLog } from "../core/log.ts";
import type { PresenceLine } from "./contract/protocol.ts";
import type { RoomProcessSettings } from "./contract/settings.ts";
import { RoomService } from "./service.ts";

/** However slow the disk: who gives it a second gives it a minute. */
const clock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms < 1000 ? ms : ms * 60, signal),
};

let dir: string;
let now: number;
const services: RoomService[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "connvo-service-"));
  now = 0;
});
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
  await rm(dir, { recursive: true, force: true });
});

async function create(): Promise<RoomService> {
  const settings: RoomProcessSettings = {
    stateDir: dir,
    recordingsDir: dir,
    socketPath: join(dir, "control.sock"),
    udpPort: 0,
    bindAddress: "127.0.0.1",
    maxParticipants: 8,
    maxPublishers: 8,
    maxSubscribers: 8,
    diskFloorBytes: 0,
    videoKbps: 2500,
    maxKbps: 30_000,
    diskShare: 50,
    startKbps: 1500,
    pendingMs: 10_000,
    silenceMs: 5000,
    subscriberSilenceMs: 10_000,
    idleExitMs: 600_000,
  };
  const service = await RoomService.create(settings, {
    clock,
    now: () => now,
    log: silentLog,
    peers: () => {
      throw new Error("nobody publishes here");
    },
    freeBytes: async () => 1e9,
    newId: () => "id",
    random32: () => 1,
    eventLoopDelay: () => ({ p99: 0, max: 0 }),
    shutdown: () => undefined,
  });
  services.push(service);
  return service;
}

test("is abandoned after ten minutes without a server", async () => {
  const service = await create();
  now = 599_999;
  expect(service.abandoned).toBe(false);
  now = 600_000;
  expect(service.abandoned).toBe(true);
  service.handlers.contacted();
  expect(service.abandoned).toBe(false);
});

test("is not abandoned while it captures", async () => {
  const service = await create();
  const request = { recordingId: "recording_1", roomId: "r", maxDurationMs: 60_000 };
  await service.handlers.startCapture(request);
  now = 600_000;
  expect(service.abandoned).toBe(false);
  await service.handlers.stopCapture({ recordingId: "recording_1", reason: "stopped" });
  expect(service.abandoned).toBe(true);
});

test("ticks often only while there is something to do", async () => {
  const service = await create();
  const idle = service.tick();
  await service.handlers.startCapture({
    recordingId: "recording_1",
    roomId: "r",
    maxDurationMs: 60_000,
  });
  expect(service.tick()).toBeLessThan(idle);
});

test("an acknowledged removal is known to the next process", async () => {
  const service = await create();
  const issuedAt = Date.now();
  await service.handlers.removeParticipant({ roomId: "r", userId: "ann" });
  const next = await create();
  const user = { id: "ann", name: "Ann" };
  const request = {
    roomId: "r",
    user,
    role: "host",
    maxParticipants: 8,
    issuedAt,
    source: "camera",
    offer: "",
  } as const;
  await expect(next.handlers.publish(request)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
});

test("a watcher is first told who is there", async () => {
  const service = await create();
  const lines: PresenceLine[] = [];
  service.handlers.watchPresence((line) => lines.push(line))();
  expect(lines).toEqual([{ type: "snapshot", entries: [] }]);
});
