import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { nativePeers } from "../../../src/rooms/peer/nativePeer.ts";
import { RoomService } from "../../../src/rooms/service.ts";
import { clientOffers } from "../../support/clientOffers.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { freeUdpPort } from "../../support/freePort.ts";

let service: RoomService;

beforeAll(async () => {
  const dir = await scratchFolder("connvo-offers-");
  const udpPort = await freeUdpPort();
  service = await RoomService.create(
    {
      ...{ stateDir: dir, recordingsDir: dir, socketPath: join(dir, "control.sock") },
      ...{ udpPort, bindAddress: "127.0.0.1", diskFloorBytes: 0, diskShare: 50, maxKbps: 30_000 },
      ...{ maxParticipants: 100, maxPublishers: 100, maxSubscribers: 100 },
      ...{ videoKbps: 2500, startKbps: 1500, pendingMs: 60_000, silenceMs: 60_000 },
      ...{ subscriberSilenceMs: 60_000, idleExitMs: 600_000 },
    },
    {
      clock: systemClock,
      now: () => performance.now(),
      log: silentLog,
      peers: nativePeers({ udpPort, bindAddress: "127.0.0.1" }),
      freeBytes: async () => 1e12,
      newId: () => randomBytes(8).toString("hex"),
      random32: () => randomBytes(4).readUInt32BE(0),
      eventLoopDelay: () => ({ p99: 0, max: 0 }),
      shutdown: () => undefined,
    },
  );
  await service.resume();
});
afterAll(() => service.stop());

const optional = /^a=(?!mid|rtpmap|recvonly|sendonly|ice-|fingerprint|group:BUNDLE|bundle-only)/;
const cases = clientOffers.flatMap(({ client, does, sdp }) => {
  const lines = sdp.split("\r\n");
  const kept = lines.filter((line) => !optional.test(line) || /packetization-mode/.test(line));
  return [
    [does, `${client}'s`, sdp],
    [does, `a terse ${client}'s`, kept.join("\r\n")],
  ] as const;
});

test.each(cases)("the transport answers an offer to %s: %s", async (does, whose, offer) => {
  const { handlers } = service;
  const grant = { role: "participant", maxParticipants: 100, issuedAt: Date.now() } as const;
  const request = { roomId: "room", user: { id: whose, name: whose }, ...grant, offer };
  const { answer } = await (does === "publish"
    ? handlers.publish({ ...request, source: "camera" })
    : handlers.subscribe(request));
  expect(answer.match(/^m=/gm)).toHaveLength(offer.match(/^m=/gm)?.length ?? 0);
  expect(answer.match(/^m=.* 0 UDP/gm)).toBeNull();
  expect(answer).toMatch(/^a=candidate:/m);
});
