import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import { rowsOf, socketOf } from "./support/database.ts";
import {
  callAsAdmin,
  createMeeting,
  getRecording,
  hasEnded,
  invite,
  type RecordingDetail,
  startedMeeting,
  startRecording,
  stopRecording,
  stream,
  userIdOf,
} from "./support/meetings.ts";
import { type Args, type Person, personWith, refusalOf, signIn } from "./support/person.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { eventually, until } from "./support/until.ts";

takeTime();

let site: Site;
let server: ServerProcess;
let people = 0;
/** Meetings that were recorded and may still be. */
const open: { host: Person; meetingId: string }[] = [];

beforeAll(async () => {
  site = await openSite();
  server = await site.start();
});

afterAll(() => site.close());

/** Somebody new, so that no test uses up another's starts. */
const somebody = (role = "host") => signIn(server.url, `${role} ${++people}`);

/** A running meeting that is being recorded. */
async function recorded(config?: Args) {
  const host = await somebody();
  const meetingId = await startedMeeting(host);
  const started = await startRecording(host, meetingId, config);
  open.push({ host, meetingId });
  return { host, meetingId, ...started };
}

async function run(fn: string, args: unknown, token?: string) {
  const response = await fetch(`${server.url}/api/run/${fn}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ args }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const runStart = (args: unknown, token?: string) => run(`${stream}/startRecording`, args, token);

const pageExample = {
  meetingId: "meeting_123example",
  recordingConfig: { mode: "available", audioOnly: false, quality: "720p", layout: "grid" },
};

const file = (url: string, person?: Person, method = "GET") =>
  fetch(url, {
    method,
    headers: person ? { authorization: `Bearer ${person.token}` } : {},
  });

const reaches = (host: Person, recordingId: string, state: string) =>
  eventually(`${recordingId} is ${state}`, 90_000, async () => {
    const recording = await getRecording(host, recordingId);
    return recording.state === state ? recording : undefined;
  });

describe("the published operation over HTTP", () => {
  it("answers the page's literal example with NOT_FOUND, as there is no such meeting", async () => {
    const { status, body } = await runStart(pageExample, (await somebody()).token);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "error",
      errorMessage: expect.stringContaining("Meeting not found"),
      errorData: {
        code: "NOT_FOUND",
        message: expect.any(String),
        statusCode: 404,
        metadata: { id: "meeting_123example" },
      },
    });
  });

  it("answers a start with exactly the published envelope", async () => {
    const host = await somebody();
    const meetingId = await startedMeeting(host);
    open.push({ host, meetingId });
    const { status, body } = await runStart({ ...pageExample, meetingId }, host.token);
    expect(status).toBe(200);
    const { recordingId } = body["value"] as { recordingId: string };
    expect(recordingId).toMatch(/^recording_[0-9a-z]{26}$/);
    expect(body).toEqual({
      status: "success",
      errorMessage: "",
      errorData: {},
      value: {
        recordingId,
        recordingUrl: `${server.url}/recordings/${recordingId}.mp4`,
        success: true,
      },
    });
  });

  it("refuses a bad token with HTTP 401 before looking at anything else", async () => {
    const { status, body } = await runStart(pageExample, "nonsense");
    expect(status).toBe(401);
    expect(body).toEqual({ code: expect.any(String), message: expect.any(String) });
  });

  it("is described by the document it serves", async () => {
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
      paths: Record<string, { post: { operationId: string } }>;
      servers: { url: string }[];
    };
    expect(document.servers[0]?.url).toBe(server.url);
    expect(document.paths[`/api/run/${stream}/startRecording`]?.post.operationId).toBe(
      "postApiRunMeetingsStreamIndexStartRecording",
    );
    expect((await fetch(`${server.url}/docs`)).status).toBe(200);
  });
});

describe("startRecording refuses", () => {
  it("a caller without a token: UNAUTHORIZED", async () => {
    const nobody = personWith(server.url, "nobody", "");
    expect(await refusalOf(startRecording(nobody, "meeting_123example"))).toMatchObject({
      code: "UNAUTHORIZED",
      statusCode: 401,
    });
  });

  it("a participant: INSUFFICIENT_PERMISSIONS", async () => {
    const host = await somebody();
    const guest = await somebody("guest");
    const meetingId = await startedMeeting(host);
    await invite(host, guest, meetingId);
    expect(await refusalOf(startRecording(guest, meetingId))).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
      statusCode: 403,
      metadata: { requiredRole: "host", currentRole: "participant" },
    });
  });

  it("a stranger, an unknown meeting and a malformed id alike: NOT_FOUND", async () => {
    const meetingId = await startedMeeting(await somebody());
    const stranger = await somebody("stranger");
    const absent = `meeting_${"0".repeat(26)}`;
    const refusals = [];
    for (const id of [meetingId, absent, "not an id; DROP TABLE meetings"]) {
      const refusal = await refusalOf(startRecording(stranger, id));
      expect(refusal.metadata).toEqual({ id });
      refusals.push({ ...refusal, metadata: {} });
    }
    expect(refusals[0]).toEqual({
      code: "NOT_FOUND",
      message: "Meeting not found",
      statusCode: 404,
      metadata: {},
    });
    expect(new Set(refusals.map((refusal) => JSON.stringify(refusal))).size).toBe(1);
  });

  it.each([
    ["an unknown quality", { quality: "4k" }, "quality"],
    ["an unknown layout", { layout: "mosaic" }, "layout"],
    ["a number for a boolean", { audioOnly: 1 }, "audioOnly"],
    ["a field that does not exist", { codec: "av1" }, "codec"],
  ])("%s: an argument error that names the field", async (_what, recordingConfig, field) => {
    const host = await somebody();
    const meetingId = await startedMeeting(host);
    const { status, body } = await runStart({ meetingId, recordingConfig }, host.token);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "error", errorMessage: expect.stringContaining(field) });
    await expect(startRecording(host, meetingId, recordingConfig)).rejects.toThrow(field);
    expect(await host.query("recordings/queries:listRecordings", { meetingId })).toEqual([]);
  });

  it('mode "disabled": VALIDATION_ERROR naming the field, never a silent success', async () => {
    const host = await somebody();
    const meetingId = await startedMeeting(host);
    expect(await refusalOf(startRecording(host, meetingId, { mode: "disabled" }))).toMatchObject({
      code: "VALIDATION_ERROR",
      statusCode: 400,
      metadata: { field: "recordingConfig.mode" },
    });
  });

  it("a meeting of the free tier: VALIDATION_ERROR", async () => {
    const host = await somebody();
    const userId = await userIdOf(host);
    await callAsAdmin(server.url, "users/mutations:setPlan", { userId, plan: "free" });
    const meetingId = await startedMeeting(host);
    expect(await refusalOf(startRecording(host, meetingId))).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "meetingId", reason: "paid_tier_required" },
    });
  });

  it("a meeting created without recording: VALIDATION_ERROR", async () => {
    const host = await somebody();
    const meetingId = await startedMeeting(host, { recordingEnabled: false });
    expect(await refusalOf(startRecording(host, meetingId))).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "recording_not_permitted" },
    });
  });

  it("a meeting that has not started, and one that is over: MEETING_NOT_ACTIVE", async () => {
    const host = await somebody();
    const meetingId = await createMeeting(host);
    expect(await refusalOf(startRecording(host, meetingId))).toMatchObject({
      code: "MEETING_NOT_ACTIVE",
      statusCode: 400,
      metadata: { meetingId, state: "scheduled" },
    });
    await host.mutation("meetings/lifecycle:startMeeting", { meetingId });
    await host.mutation("meetings/lifecycle:endMeeting", { meetingId });
    expect(await refusalOf(startRecording(host, meetingId))).toMatchObject({
      code: "MEETING_NOT_ACTIVE",
      metadata: { state: "concluded" },
    });
  });

  it("another configuration while one runs: CONFLICT naming the running recording", async () => {
    const { host, meetingId, recordingId } = await recorded();
    const refusal = await refusalOf(startRecording(host, meetingId, { quality: "1080p" }));
    expect(refusal).toMatchObject({
      code: "CONFLICT",
      statusCode: 409,
      metadata: { recordingId, state: "recording", startedBy: await userIdOf(host) },
    });
  });

  it("another host while one runs: CONFLICT", async () => {
    const { host, meetingId, recordingId } = await recorded();
    const second = await somebody("second host");
    const userId = await userIdOf(second);
    await host.mutation("meetings/lifecycle:addParticipant", { meetingId, userId, role: "host" });
    expect(await refusalOf(startRecording(second, meetingId))).toMatchObject({
      code: "CONFLICT",
      metadata: { recordingId },
    });
  });

  it("the fourth start within a minute: RATE_LIMIT_EXCEEDED with retryAfterMs", async () => {
    const host = await somebody();
    const from = Date.now();
    const meetings = [];
    for (let index = 0; index < 4; index++) meetings.push(await startedMeeting(host));
    const [first, second, third, fourth] = meetings as [string, string, string, string];
    for (const meetingId of [first, second, third]) {
      await startRecording(host, meetingId);
      open.push({ host, meetingId });
      // A repeat is free.
      await startRecording(host, meetingId);
    }
    const refusal = await refusalOf(startRecording(host, fourth));
    expect(refusal).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      statusCode: 429,
      metadata: { action: "recording_start", limit: 3 },
    });
    const retryAfterMs = Number(refusal.metadata?.["retryAfterMs"]);
    // A minute after the first of them.
    expect(retryAfterMs).toBeGreaterThanOrEqual(60_000 - (Date.now() - from) - 1);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });
});

describe("a recording's life", () => {
  it("is one recording, however often the same start is sent", async () => {
    const { host, meetingId, recordingId, recordingUrl } = await recorded();
    const again = await Promise.all([1, 2, 3].map(() => startRecording(host, meetingId)));
    for (const answer of again)
      expect(answer).toEqual({ recordingId, recordingUrl, success: true });
    const list = await host.query<unknown[]>("recordings/queries:listRecordings", { meetingId });
    expect(list).toHaveLength(1);
  });

  it("shows in getMeeting and listUserMeetings while it is open", async () => {
    const { host, meetingId, recordingId } = await recorded();
    const startedBy = await userIdOf(host);
    const startedByName = host.name;
    const shown = {
      ...{ recordingId, state: "recording", startedAt: expect.any(Number) },
      ...{ startedBy, startedByName },
    };
    const meeting = () =>
      host.query<Record<string, unknown>>("meetings/queries:getMeeting", { meetingId });
    expect((await meeting())["recording"]).toEqual(shown);
    const [listed] = await host.query<Record<string, unknown>[]>(
      "meetings/queries:listUserMeetings",
    );
    expect(listed?.["recording"]).toEqual(shown);
    await stopRecording(host, meetingId);
    await until("the meeting is not recorded any more", 60_000, async () => {
      return (await meeting())["recording"] === undefined;
    });
  });

  it("is described by getRecording to the meeting's participants only", async () => {
    const { host, meetingId, recordingId, recordingUrl } = await recorded({
      quality: "360p",
      layout: "spotlight",
    });
    const guest = await somebody("guest");
    await invite(host, guest, meetingId);
    const seen = await getRecording(guest, recordingId);
    expect(seen).toEqual({
      recordingId,
      meetingId,
      state: "recording",
      config: { quality: "360p", layout: "spotlight", audioOnly: false },
      recordingUrl,
      provider: "embedded",
      startedBy: await userIdOf(host),
      startedByName: host.name,
      requestedAt: expect.any(Number),
      startedAt: expect.any(Number),
      gaps: [],
      pauses: [],
      tracks: [],
      problems: [],
      renditions: [],
      progress: { done: 0 },
    });
    const stranger = await somebody("stranger");
    expect(await refusalOf(getRecording(stranger, recordingId))).toMatchObject({
      code: "NOT_FOUND",
    });
    const list = stranger.query("recordings/queries:listRecordings", { meetingId });
    expect(await refusalOf(list)).toMatchObject({ code: "NOT_FOUND" });
  });

  it("ends with a stop, and a second stop answers with the same recording", async () => {
    const { host, meetingId, recordingId, recordingUrl } = await recorded();
    const { duration, ...stopped } = await stopRecording(host, meetingId);
    expect(stopped).toEqual({ success: true, recordingId, recordingUrl });
    const { durationMs } = await hasEnded(host, recordingId);
    expect(durationMs).toBeGreaterThan(0);
    // Absent where the recorder was not that quick.
    expect([durationMs, undefined]).toContain(duration);
    expect(await stopRecording(host, meetingId, recordingId)).toMatchObject({ recordingId });
  });

  it("limits only the stops with nothing to stop: the sixth is RATE_LIMIT_EXCEEDED", async () => {
    const { host, meetingId, recordingId } = await recorded();
    await stopRecording(host, meetingId);
    await hasEnded(host, recordingId);
    for (let count = 0; count < 5; count++) await stopRecording(host, meetingId);
    expect(await refusalOf(stopRecording(host, meetingId))).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      metadata: { action: "recording_stop", retryAfterMs: expect.any(Number) },
    });
    await startRecording(host, meetingId);
    expect(await stopRecording(host, meetingId)).toMatchObject({ success: true });
  });

  it("is not stopped by a participant or a stranger", async () => {
    const { host, meetingId, recordingId } = await recorded();
    const guest = await somebody("guest");
    const stranger = await somebody("stranger");
    await invite(host, guest, meetingId);
    expect(await refusalOf(stopRecording(guest, meetingId))).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
    expect(await refusalOf(stopRecording(stranger, meetingId))).toMatchObject({
      code: "NOT_FOUND",
    });
    expect((await getRecording(host, recordingId)).state).toBe("recording");
  });

  it("has nothing to stop in a meeting that was never recorded: NOT_FOUND", async () => {
    const host = await somebody();
    const meetingId = await startedMeeting(host);
    expect(await refusalOf(stopRecording(host, meetingId))).toMatchObject({ code: "NOT_FOUND" });
  });

  it("fails with no_media when nobody published", async () => {
    const { host, meetingId, recordingId } = await recorded();
    await stopRecording(host, meetingId);
    const failed = await reaches(host, recordingId, "failed");
    expect(failed).toMatchObject({ error: { code: "no_media" }, stopReason: "host", tracks: [] });
    expect(failed.durationMs).toBe((failed.stoppedAt ?? 0) - (failed.startedAt ?? 0));
  });

  it("ends with its meeting", async () => {
    const { host, meetingId, recordingId } = await recorded();
    await host.mutation("meetings/lifecycle:endMeeting", { meetingId });
    const ended = await reaches(host, recordingId, "failed");
    expect(ended).toMatchObject({ stopReason: "meeting_ended", error: { code: "no_media" } });
  });

  it("lets the next one start at once, and lists the newest first", async () => {
    const { host, meetingId, recordingId } = await recorded();
    await stopRecording(host, meetingId);
    const next = await startRecording(host, meetingId, { quality: "1080p" });
    expect(next.recordingId).not.toBe(recordingId);
    const list = (limit?: number) =>
      host.query<RecordingDetail[]>("recordings/queries:listRecordings", {
        meetingId,
        ...(limit === undefined ? {} : { limit }),
      });
    const ids = (await list()).map((recording) => recording.recordingId);
    expect(ids).toEqual([next.recordingId, recordingId]);
    expect(await list(1)).toHaveLength(1);
  });

  it("leaves audit entries of every step", async () => {
    const { host, meetingId, recordingId } = await recorded();
    await stopRecording(host, meetingId);
    await reaches(host, recordingId, "failed");
    await host.mutation("recordings/mutations:deleteRecording", { recordingId });
    const rows = await rowsOf<{ action: string; actor: string | null }>(
      site.dataDir,
      `SELECT action, actor_user_id AS actor FROM audit_logs
       WHERE resource_type = 'recording' AND resource_id = $1 ORDER BY at, id`,
      [recordingId],
    );
    const hostId = await userIdOf(host);
    expect(rows).toEqual([
      { action: "recording.start", actor: hostId },
      { action: "recording.started", actor: null },
      { action: "recording.stopping", actor: hostId },
      { action: "recording.stopped", actor: null },
      { action: "recording.failed", actor: null },
      { action: "recording.delete", actor: hostId },
    ]);
  });

  it("is never open twice in one meeting", async () => {
    const open = await rowsOf<{ count: string }>(
      site.dataDir,
      `SELECT meeting_id, count(*) FROM recordings
       WHERE state IN ('starting', 'recording', 'stopping') GROUP BY meeting_id HAVING count(*) > 1`,
    );
    expect(open).toEqual([]);
  });
});

describe("a recording's file", () => {
  it("is not there yet while it runs: 202 with Retry-After", async () => {
    const { host, recordingUrl } = await recorded();
    const answer = await file(recordingUrl, host);
    expect(answer.status).toBe(202);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(answer.headers.get("cache-control")).toBe("private, no-store");
    expect(await answer.json()).toEqual({ state: "recording", done: 0 });
    expect((await file(recordingUrl, host, "HEAD")).status).toBe(202);
  });

  it("is told to have failed with the reason: 409", async () => {
    const { host, meetingId, recordingId, recordingUrl } = await recorded();
    await stopRecording(host, meetingId);
    await reaches(host, recordingId, "failed");
    const answer = await file(recordingUrl, host);
    expect(answer.status).toBe(409);
    expect(await answer.json()).toEqual({
      code: "CONFLICT",
      message: expect.stringContaining("Nobody sent sound or picture"),
    });
  });

  it("ends in .m4a when sound only is recorded, and has no other name", async () => {
    const { host, recordingUrl } = await recorded({ audioOnly: true });
    expect(recordingUrl).toMatch(/\.m4a$/);
    expect((await file(recordingUrl, host)).status).toBe(202);
    expect((await file(recordingUrl.replace(".m4a", ".mp4"), host)).status).toBe(404);
  });

  it("is nobody else's: 404 for a stranger as for what does not exist, 401 without a token", async () => {
    const { host, recordingUrl, recordingId } = await recorded();
    const stranger = await somebody("stranger");
    const other = recordingUrl.replace(recordingId, `recording_${"0".repeat(26)}`);
    for (const [url, person] of [
      [recordingUrl, stranger],
      [other, host],
    ] as const) {
      const answer = await file(url, person);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ code: "NOT_FOUND" });
    }
    expect((await file(recordingUrl)).status).toBe(401);
    expect((await fetch(recordingUrl, { headers: { authorization: "Bearer x" } })).status).toBe(
      401,
    );
  });

  it("is gone when deleted: 410; twice is no change; running ones cannot be deleted", async () => {
    const { host, meetingId, recordingId, recordingUrl } = await recorded();
    const remove = () => host.mutation("recordings/mutations:deleteRecording", { recordingId });
    expect(await refusalOf(remove())).toMatchObject({ code: "CONFLICT", statusCode: 409 });
    await stopRecording(host, meetingId);
    await reaches(host, recordingId, "failed");
    await remove();
    await remove();
    expect((await file(recordingUrl, host)).status).toBe(410);
    expect(await refusalOf(getRecording(host, recordingId))).toMatchObject({ code: "NOT_FOUND" });
    expect(await host.query("recordings/queries:listRecordings", { meetingId })).toEqual([]);
  });

  it("is deleted by the host only", async () => {
    const { host, meetingId, recordingId } = await recorded();
    const guest = await somebody("guest");
    await invite(host, guest, meetingId);
    await stopRecording(host, meetingId);
    const call = guest.mutation("recordings/mutations:deleteRecording", { recordingId });
    expect(await refusalOf(call)).toMatchObject({ code: "INSUFFICIENT_PERMISSIONS" });
  });

  it("cannot be composed while it runs, nor from nothing", async () => {
    const { host, meetingId, recordingId } = await recorded();
    const compose = () => host.action("recordings/actions:composeRecording", { recordingId });
    expect(await refusalOf(compose())).toMatchObject({ code: "CONFLICT" });
    await stopRecording(host, meetingId);
    await reaches(host, recordingId, "failed");
    expect(await refusalOf(compose())).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "no_media" },
    });
  });
});

describe("a stopped server", () => {
  it("leaves no process and no socket behind once nothing is recorded", async () => {
    const { host } = await socketOf(site.dataDir);
    expect(existsSync(host)).toBe(true);
    const rows = await rowsOf<{ id: string }>(
      site.dataDir,
      "SELECT meeting_id AS id FROM recordings WHERE state = 'recording'",
    );
    const running = rows.map(({ id }) => id);
    for (const { host, meetingId } of open) {
      if (running.includes(meetingId)) await stopRecording(host, meetingId);
    }
    await until("nothing is recorded any more", 90_000, async () => {
      const states = "('starting', 'recording', 'stopping')";
      return (
        (await rowsOf(site.dataDir, `SELECT 1 FROM recordings WHERE state IN ${states}`)).length ===
        0
      );
    });
    expect(await site.stop()).toEqual([]);
    expect(existsSync(host)).toBe(false);
    expect(server.output()).not.toContain('"level":"error"');
  });
});
