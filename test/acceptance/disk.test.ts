import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WhipPublisher } from "../../src/synth/transport/whipPublisher.ts";
import { takeTime } from "../support/patience.ts";
import {
  createMeeting,
  getRecording,
  startedMeeting,
  startRecording,
  stopRecording,
} from "./support/meetings.ts";
import { type Person, refusalOf, signIn } from "./support/person.ts";
import { haveSent, mediaOf, publish } from "./support/publishing.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { type SmallDisk, smallDisk } from "./support/smallDisk.ts";
import { eventually } from "./support/until.ts";

takeTime();

let site: Site;
let disk: SmallDisk;
let server: ServerProcess;
let host: Person;
let meetingId: string;
let publisher: WhipPublisher;

beforeAll(async () => {
  site = await openSite({ fresh: true });
  disk = await smallDisk(site.dataDir);
  server = await site.start(disk.env);
  host = await signIn(server.url, "host");
  meetingId = await startedMeeting(host);
  const media = await mediaOf(0);
  publisher = await publish(server.url, host, meetingId, { media, reconnect: true });
});

afterAll(async () => {
  await publisher?.close();
  await disk?.empty();
  await site.close();
  await disk?.unmount();
});

describe("a disk that fills up", () => {
  it("refuses a start below the reserve, and says how much is missing", async () => {
    await disk.fillBelowReserve();
    const refusal = await refusalOf(startRecording(host, meetingId));
    expect(refusal).toMatchObject({
      code: "STREAM_ERROR",
      statusCode: 502,
      metadata: { reason: "disk_reserve", operation: "startRecording" },
    });
    const { freeBytes, reserveBytes } = refusal.metadata as Record<string, number>;
    expect(freeBytes).toBeLessThan(reserveBytes ?? 0);
    expect(await host.query("recordings/queries:listRecordings", { meetingId })).toEqual([]);
    await disk.empty();
  });

  it("ends a running recording at the floor, with the reason, and makes a file of it", async () => {
    const { recordingId } = await startRecording(host, meetingId, { quality: "360p" });
    await haveSent([publisher], 2000);
    await disk.fillBelowFloor();
    const ended = await eventually("the recording has ended by itself", 90_000, async () => {
      const found = await getRecording(host, recordingId);
      return ["starting", "recording", "stopping"].includes(found.state) ? undefined : found;
    });
    expect(ended.stopReason).toBe("disk_full");
    // The database goes on where the recorder stopped.
    for (let count = 0; count < 20; count++) await createMeeting(host);
    expect(await refusalOf(startRecording(host, meetingId))).toMatchObject({
      metadata: { reason: "disk_reserve" },
    });
    await disk.empty();
    const ready = await eventually("the recording is ready", 90_000, async () => {
      const found = await getRecording(host, recordingId);
      return found.state === "ready" || found.state === "failed" ? found : undefined;
    });
    expect(ready).toMatchObject({ state: "ready", probe: { problems: [] } });
    expect(ready.durationMs).toBeGreaterThan(1500);
  });

  it("records again once there is room", async () => {
    const { recordingId } = await startRecording(host, meetingId, { quality: "360p" });
    expect((await getRecording(host, recordingId)).state).toBe("recording");
    await stopRecording(host, meetingId);
    expect((await fetch(`${server.url}/readyz`)).ok).toBe(true);
    expect(server.output()).not.toMatch(/No space left|ENOSPC|disk full/i);
  });
});
