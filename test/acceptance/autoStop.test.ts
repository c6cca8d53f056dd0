import { afterEach, describe, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import {
  getRecording,
  inRoom,
  invite,
  startedMeeting,
  startRecording,
} from "./support/meetings.ts";
import { type Person, signIn } from "./support/person.ts";
import { mediaOf, publish } from "./support/publishing.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { eventually, until } from "./support/until.ts";

const emptySeconds = 2;
const maxSeconds = 6;

takeTime();

let site: Site;
let server: ServerProcess;
let people = 0;

/** Each with its own limits, so that none runs into another's. */
async function open(env: Record<string, string>): Promise<void> {
  site = await openSite();
  server = await site.start(env);
}

afterEach(() => site.close());

/** What the room process says of itself in the metrics; 0 while it says nothing. */
async function roomGauge(measure: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = new RegExp(`^connvo_rooms{measure="${measure}"} (\\S+)`, "m").exec(text);
  return Number(line?.[1] ?? 0);
}

const somebody = () => signIn(server.url, `person ${++people}`);

const ended = (person: Person, recordingId: string) =>
  eventually("the recording has ended by itself", 90_000, async () => {
    const found = await getRecording(person, recordingId);
    return ["ready", "failed"].includes(found.state) ? found : undefined;
  });

describe("a recording nobody stops", () => {
  it("ends when the last participant has been gone for the configured time", async () => {
    await open({ CONNVO_RECORDING_EMPTY_SECONDS: String(emptySeconds) });
    const host = await somebody();
    const guest = await somebody();
    const meetingId = await startedMeeting(host);
    await invite(host, guest, meetingId);
    const options = { media: await mediaOf(0) };
    const first = await publish(server.url, host, meetingId, options);
    const second = await publish(server.url, guest, meetingId, options);
    const { recordingId } = await startRecording(host, meetingId);
    await until("both are in the room", 60_000, async () => (await inRoom(host, meetingId)) === 2);
    await first.close();
    await until("one has left", 60_000, async () => (await inRoom(host, meetingId)) === 1);
    const leftAt = Date.now();
    await second.close();
    const recording = await ended(host, recordingId);
    expect(recording).toMatchObject({ state: "ready", stopReason: "empty" });
    const goneMs = (recording.stoppedAt ?? 0) - leftAt;
    expect(goneMs).toBeGreaterThan(emptySeconds * 1000 - 100);
    expect(goneMs).toBeLessThan(emptySeconds * 1000 + 4000);
  });

  it("ends at the longest duration it may have", async () => {
    await open({ CONNVO_RECORDING_MAX_SECONDS: String(maxSeconds) });
    const host = await somebody();
    const meetingId = await startedMeeting(host);
    const publisher = await publish(server.url, host, meetingId, { media: await mediaOf(0) });
    const { recordingId } = await startRecording(host, meetingId);
    const recording = await ended(host, recordingId);
    await publisher.close();
    expect(recording).toMatchObject({ state: "ready", stopReason: "max_duration" });
    expect(recording.durationMs).toBeGreaterThan(maxSeconds * 1000 - 200);
    expect(recording.durationMs).toBeLessThan(maxSeconds * 1000 + 2500);
  });
});

describe("somebody who vanishes without a word", () => {
  it("is seen to be gone within five seconds", async () => {
    await open({});
    const host = await somebody();
    const meetingId = await startedMeeting(host);
    const publisher = await publish(server.url, host, meetingId, { media: await mediaOf(0) });
    await until("they are in the room", 60_000, async () => (await inRoom(host, meetingId)) === 1);
    // Their sound may have come before the first picture.
    await until("they send pictures", 60_000, () => publisher.sentFrames.length > 0);
    publisher.vanish();
    let stoodStillMs = 0;
    await until("they are gone", 60_000, async () => {
      stoodStillMs += await roomGauge("eventLoopDelayMaxMs");
      return (await inRoom(host, meetingId)) === 0;
    });
    const people = await host.query<{ leftAt?: number }[]>(
      "meetings/queries:listMeetingParticipants",
      { meetingId },
    );
    const silentMs = (people[0]?.leftAt ?? 0) - (publisher.sentFrames.at(-1)?.sentAt ?? 0);
    expect(silentMs).toBeGreaterThan(0);
    // The room process does not take its own pauses for silence.
    expect(silentMs).toBeLessThan(5000 + stoodStillMs);
    await publisher.close();
  });
});
