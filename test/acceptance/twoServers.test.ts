import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import { rowsOf } from "./support/database.ts";
import {
  callAsAdmin,
  createMeeting,
  getRecording,
  hasEnded,
  startedMeeting,
  startRecording,
  stopRecording,
  stream,
  userIdOf,
} from "./support/meetings.ts";
import { type Person, personWith, refusalOf, signIn } from "./support/person.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { eventually, until } from "./support/until.ts";

takeTime();

let site: Site;
let first: ServerProcess;
let second: ServerProcess;

beforeAll(async () => {
  site = await openSite();
  // Both at once on an empty folder: one database and one room process come of it.
  [first, second] = await Promise.all([site.start(), site.start()]);
  // Each may have started rooms; the one that came second notices and leaves.
  await until("one room process is left", 60_000, async () => (await roomProcesses()).length === 1);
});

afterAll(() => site.close());

let people = 0;

/** One person, new, with a client at either server. */
async function atBoth(name = `host ${++people}`): Promise<{ here: Person; there: Person }> {
  const here = await signIn(first.url, name);
  return { here, there: personWith(second.url, name, here.token) };
}

/** The open recordings of these meetings. */
const openRecordings = (...meetings: string[]) =>
  rowsOf<{ id: string }>(
    site.dataDir,
    `SELECT id FROM recordings
     WHERE meeting_id = ANY($1) AND state IN ('starting', 'recording', 'stopping')`,
    [meetings],
  );

const roomProcesses = async () => (await site.processes("rooms")).map(({ pid }) => pid);

const answers = (server: ServerProcess) =>
  fetch(`${server.url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

describe("two servers on one data folder", () => {
  it("share one PostgreSQL and one room process, made at once from nothing", async () => {
    const found = await site.processes("postgres");
    // Whatever a postmaster forks looks like one at first.
    const postmasters = found.filter(({ parent }) => !found.some(({ pid }) => pid === parent));
    expect(postmasters).toHaveLength(1);
    expect(await roomProcesses()).toHaveLength(1);
  });

  it("make one recording of equal starts sent to both at the same moment", async () => {
    for (let round = 0; round < 5; round++) {
      const { here, there } = await atBoth();
      const meetingId = await startedMeeting(here);
      const started = await Promise.all(
        [here, there, here, there, here, there].map((host) => startRecording(host, meetingId)),
      );
      expect(new Set(started.map(({ recordingId }) => recordingId)).size).toBe(1);
      const rows = await rowsOf(site.dataDir, "SELECT 1 FROM recordings WHERE meeting_id = $1", [
        meetingId,
      ]);
      expect(rows).toHaveLength(1);
      await stopRecording(here, meetingId);
    }
  });

  it("let one of two different starts win and tell the other of it", async () => {
    const { here, there } = await atBoth();
    const meetingId = await startedMeeting(here);
    const outcomes = await Promise.allSettled([
      startRecording(here, meetingId, { quality: "720p" }),
      startRecording(there, meetingId, { quality: "1080p" }),
    ]);
    const won = outcomes.filter(({ status }) => status === "fulfilled");
    const lost = outcomes.find(({ status }) => status === "rejected");
    expect(won).toHaveLength(1);
    if (lost?.status !== "rejected") throw new Error("both were accepted");
    const [recording] = await openRecordings(meetingId);
    expect(await refusalOf(Promise.reject(lost.reason))).toMatchObject({
      code: "CONFLICT",
      metadata: { recordingId: recording?.id },
    });
    await stopRecording(here, meetingId);
  });

  it("count three starts in a minute together", async () => {
    const { here, there } = await atBoth();
    const meetings: string[] = [];
    for (let index = 0; index < 6; index++) meetings.push(await startedMeeting(here));
    const outcomes = await Promise.allSettled(
      meetings.map((meetingId, index) => startRecording(index % 2 ? here : there, meetingId)),
    );
    const accepted = outcomes.filter(({ status }) => status === "fulfilled");
    expect(accepted).toHaveLength(3);
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      expect(await refusalOf(Promise.reject(outcome.reason))).toMatchObject({
        code: "RATE_LIMIT_EXCEEDED",
        metadata: { limit: 3, retryAfterMs: expect.any(Number) },
      });
    }
    expect(await openRecordings(...meetings)).toHaveLength(3);
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === "fulfilled") await stopRecording(here, meetings[index] ?? "");
    }
  });

  it("know each other's users, invites, recordings and room tokens", async () => {
    const { here, there } = await atBoth();
    const meetingId = await startedMeeting(here);
    expect(await userIdOf(there)).toBe(await userIdOf(here));
    const { secret } = await here.mutation<{ secret: string }>("meetings/invites:createInvite", {
      meetingId,
    });
    const guest = await signIn(second.url, "guest");
    expect(await guest.mutation("meetings/invites:acceptInvite", { secret })).toMatchObject({
      meetingId,
      role: "participant",
    });
    const { recordingId } = await startRecording(here, meetingId);
    expect(await getRecording(guest, recordingId)).toMatchObject({ state: "recording" });
    await stopRecording(there, meetingId);
    await hasEnded(here, recordingId);
    expect(await here.query("meetings/queries:getMeeting", { meetingId })).not.toHaveProperty(
      "recording",
    );
    const { token } = await here.action<{ token: string }>(
      `${stream}:generateParticipantTokenPublic`,
      { meetingId },
    );
    const answer = await fetch(`${second.url}/rooms/${meetingId}/whip`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/sdp" },
      body: "v=0",
    });
    // The token is good there; the offer is not.
    expect(answer.status).not.toBe(401);
  });

  it("tell the figures of both, whichever is asked", async () => {
    const { here, there } = await atBoth();
    const asked = "users/queries:getOnboardingState";
    const count = async (server: ServerProcess) => {
      const { functions } = await callAsAdmin<{
        functions: { functionName: string; callCount: number }[];
      }>(server.url, "monitoring/performanceQueries:getFunctionPerformanceBreakdown", {});
      return functions.find(({ functionName }) => functionName === asked)?.callCount ?? 0;
    };
    const before = await count(first);
    for (const person of [here, there, here]) await person.query(asked);
    await until("both tell of three", 60_000, async () => {
      const told = [await count(first), await count(second)];
      return told.every((one) => one === before + 3);
    });
    const probe = "monitoring/bandwidthManager:executeWithCircuitBreaker";
    for (const server of [first, second])
      expect(
        await callAsAdmin(server.url, probe, {
          ...{ serviceName: "embedded.recordingState", operationId: "probe" },
        }),
      ).toMatchObject({ success: true, circuitState: "closed" });
  });

  it("go on when one is killed, and the next one adopts what runs", async () => {
    const { here, there } = await atBoth();
    const meetingId = await startedMeeting(here);
    const { recordingId } = await startRecording(here, meetingId);
    const rooms = await roomProcesses();

    await first.kill();
    expect(await getRecording(there, recordingId)).toMatchObject({ state: "recording" });
    const other = await createMeeting(there);
    expect(other).toMatch(/^meeting_/);
    expect(await roomProcesses()).toEqual(rooms);

    first = await site.start();
    expect(first.output()).toContain("room process adopted");
    expect(first.output()).toMatch(/embedded PostgreSQL is up/);
    const back = personWith(first.url, here.name, here.token);
    expect(await getRecording(back, recordingId)).toMatchObject({ state: "recording" });
    expect(await startRecording(back, meetingId)).toMatchObject({ recordingId });
    expect(await stopRecording(back, meetingId)).toMatchObject({ recordingId });
    expect(await roomProcesses()).toEqual(rooms);
  });

  it("settle a recording whose server was killed while it was started or stopped", async () => {
    const { here, there } = await atBoth();
    const meetingId = await startedMeeting(here);
    const start = startRecording(here, meetingId).catch(() => undefined);
    const { id: recordingId } = await eventually(
      "the start is in the database",
      60_000,
      async () => {
        return (await openRecordings(meetingId))[0];
      },
    );
    await first.kill();
    await start;
    const settled = await eventually("the start is settled", 90_000, async () => {
      const found = await getRecording(there, recordingId);
      return found.state === "starting" ? undefined : found;
    });
    expect(["recording", "failed"]).toContain(settled.state);
    // Whatever became of it, the meeting can be recorded.
    await startRecording(there, meetingId);
    await stopRecording(there, meetingId);
    await until("nothing is open", 90_000, async () => {
      return (await openRecordings(meetingId)).length === 0;
    });
    first = await site.start();
  });

  it("stay up when the other is stopped, and the last one takes everything down", async () => {
    const rooms = await roomProcesses();
    expect(await first.stop()).toBe(0);
    expect(await answers(second)).toBe(true);
    expect(await roomProcesses()).toEqual(rooms);
    const host = await signIn(second.url, "last host");
    const meetingId = await startedMeeting(host);
    const { recordingId } = await startRecording(host, meetingId);
    await stopRecording(host, meetingId);
    await hasEnded(host, recordingId);
    expect(await site.stop()).toEqual([]);
  });
});
