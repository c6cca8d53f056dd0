import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Delivery, deliveryOf } from "../../src/synth/getstream/deliveries.ts";
import { type GetStreamStandIn, startGetStreamStandIn } from "../../src/synth/getstream/server.ts";
import { createMeeting, type RecordingDetail, type Started, stream } from "./support/meetings.ts";
import { type Person, refusalOf, signIn } from "./support/person.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { joinStreamCall, madeByStream } from "./support/stream.ts";
import { until } from "./support/until.ts";

let site: Site;
let server: ServerProcess;
let cloud: GetStreamStandIn;
let host: Person;
let meetingId: string;

const picture = ["-f", "lavfi", "-i", "testsrc=size=640x360:rate=30:duration=6.4"];
const video = () => madeByStream(...picture, "-pix_fmt", "yuv420p", "-shortest");
const joinCall = (person: Person, id: string) => joinStreamCall(cloud, person, id);

beforeAll(async () => {
  cloud = await startGetStreamStandIn({ content: video() });
  site = await openSite();
  server = await site.start({
    STREAM_API_KEY: cloud.apiKey,
    STREAM_API_SECRET: cloud.apiSecret,
    CONNVO_STREAM_BASE_URL: cloud.url,
  });
  host = await signIn(server.url, "Alice");
  meetingId = await createMeeting(host);
  await host.mutation("meetings/lifecycle:startMeeting", { meetingId });
});
afterAll(async () => {
  await site.close();
  await cloud.close();
});

const start = () => host.action<Started>(`${stream}:startRecording`, { meetingId });
const detail = (recordingId: string) =>
  host.query<RecordingDetail>("recordings/queries:getRecording", { recordingId });

it("gives tokens of Stream for the meeting's call", async () => {
  const given = await host.action<{ token: string; userId: string }>(
    `${stream}:generateParticipantTokenPublic`,
    { meetingId },
  );
  const claims = JSON.parse(
    Buffer.from(given.token.split(".")[1] ?? "", "base64url").toString(),
  ) as object;
  expect(claims).toMatchObject({ user_id: given.userId, call_cids: [`default:${meetingId}`] });
});

it("refuses a start while nobody is in the call, and starts nothing", async () => {
  expect(await refusalOf(start())).toMatchObject({
    code: "MEETING_NOT_ACTIVE",
    metadata: { reason: "nobody_in_call" },
  });
  expect(cloud.operations()).not.toContain("StartRecording");
});

it("records with the settings asked for, once, and stops", async () => {
  await joinCall(host, meetingId);
  const { recordingId } = await start();
  expect((await start()).recordingId).toBe(recordingId);
  expect(cloud.operations().filter((name) => name === "StartRecording")).toHaveLength(1);
  const settings = cloud.requests.find(({ operation }) => operation === "UpdateCall")?.body;
  expect(settings).toMatchObject({
    settings_override: {
      recording: {
        mode: "available",
        audio_only: false,
        quality: "720p",
        layout: { name: "grid" },
      },
    },
  });
  expect(await detail(recordingId)).toMatchObject({ state: "recording", provider: "getstream" });
  await host.action(`${stream}:stopRecording`, { meetingId });
  const ready = await becomes(recordingId, "ready");
  expect(ready.probe).toMatchObject({
    ...{ container: "mp4", faststart: true, problems: [] },
    video: { width: 640, height: 360 },
    audio: { sampleRate: 44_100 },
  });
  expect(Math.abs((ready.durationMs ?? 0) - 6000)).toBeLessThan(500);
  const whole = await fileOf(ready.recordingUrl);
  expect(whole.length).toBe(ready.sizeBytes);
  expect(createHash("sha256").update(whole).digest("hex")).toBe(ready.sha256);
  const view = await host.action<{ file?: { url: string; durationMs: number }; tracks: unknown[] }>(
    "recordings/actions:getPlayback",
    { recordingId },
  );
  expect(view).toMatchObject({ tracks: [], file: { durationMs: ready.probe?.durationMs } });
  expect((await fetch(view.file?.url ?? "", { headers: { range: "bytes=4-7" } })).status).toBe(206);
});

it("says plainly that no other version can be made of what Stream keeps", async () => {
  const [recording] = await host.query<{ recordingId: string }[]>(
    "recordings/queries:listRecordings",
    { meetingId },
  );
  const asked = host.action("recordings/actions:composeRecording", {
    recordingId: recording?.recordingId,
    layout: "spotlight",
  });
  expect(await refusalOf(asked)).toMatchObject({ metadata: { reason: "renditions_unsupported" } });
});

it("goes on with a file whose connection breaks, and does not fetch again what it has", async () => {
  // What is under way when a connection breaks is lost: the parts are far larger than that.
  const content = madeByStream(
    ...picture,
    "-vf",
    "noise=alls=60:allf=t",
    "-pix_fmt",
    "yuv420p",
    "-shortest",
  );
  cloud.sendFiles({ content, cutAfter: Math.ceil(content.length / 2.5) });
  expect(content.length).toBeGreaterThan(2_000_000);
  const { recordingId } = await start();
  await host.action(`${stream}:stopRecording`, { meetingId });
  const ready = await becomes(recordingId, "ready");
  expect(ready.probe?.problems).toEqual([]);
  const [first, ...others] = cloud.requests
    .filter(({ operation }) => operation === "File")
    .slice(1);
  expect(first?.headers["range"]).toBeUndefined();
  const begins = others.map(({ headers }) => Number(/\d+/.exec(headers["range"] as string)?.[0]));
  expect(begins.length).toBeGreaterThanOrEqual(2);
  expect(begins).toEqual(begins.toSorted((a, b) => a - b));
  expect(begins[0]).toBeGreaterThan(0);
  cloud.sendFiles({ cutAfter: Number.POSITIVE_INFINITY });
});

it("takes Stream's webhooks, and nobody else's", async () => {
  const event = {
    type: "call.session_participant_joined",
    call_cid: `default:${meetingId}`,
    session_id: "s",
    participant: { user: { id: "stranger" }, user_session_id: "phone", role: "user" },
  };
  const told = deliveryOf(event, { ...cloud, gzip: true });
  expect(await deliver(told)).toBe(200);
  expect(await deliver(told)).toBe(200);
  expect(await deliver(deliveryOf(event, { ...cloud, apiSecret: "guessed" }))).toBe(401);
  expect(await deliver({ body: told.body, headers: {} })).toBe(401);
  const answer = await fetch(`${server.url}/metrics`);
  const counted = (await answer.text()).match(/^connvo_stream_webhooks\{.*$/gm);
  expect(counted?.sort()).toEqual([
    'connvo_stream_webhooks{outcome="accepted"} 1',
    'connvo_stream_webhooks{outcome="bad_signature"} 2',
    'connvo_stream_webhooks{outcome="repeated"} 1',
  ]);
});

it("has Stream deliver to it by one command", async () => {
  const url = "https://meet.example/webhooks/getstream";
  const run = (...more: string[]) =>
    promisify(execFile)(process.execPath, ["dist/getstreamSetup.js", "--url", url, ...more], {
      env: {
        ...process.env,
        STREAM_API_KEY: cloud.apiKey,
        STREAM_API_SECRET: cloud.apiSecret,
        CONNVO_STREAM_BASE_URL: cloud.url,
      },
    });
  await expect(run("--check")).rejects.toMatchObject({ code: 1 });
  expect((await run()).stdout).toContain("from now on");
  expect((await run("--check")).stdout).toContain("Stream delivers its events there");
});

it("is tried by one command, which leaves nothing behind", async () => {
  const run = (keys: Record<string, string>) =>
    promisify(execFile)(process.execPath, ["dist/getstreamSmoke.js"], {
      env: { ...process.env, CONNVO_STREAM_BASE_URL: cloud.url, ...keys },
    });
  const keys = { STREAM_API_KEY: cloud.apiKey, STREAM_API_SECRET: cloud.apiSecret };
  expect((await run({})).stdout).toContain("1. key and secret are taken");
  const { stdout } = await run(keys);
  expect(stdout).toContain("All of it works.");
  const cid = /default:\S+/.exec(stdout)?.[0] ?? "";
  expect(cloud.calls.find(cid)).toBeUndefined();
  await expect(run({ ...keys, STREAM_API_SECRET: "wrong" })).rejects.toMatchObject({
    stdout: expect.stringContaining("FAILED"),
  });
});

it("turns the MP3 of a sound recording into the M4A that was promised", async () => {
  cloud.sendFiles({ content: madeByStream("-f", "mp3") });
  const other = await signIn(server.url, "Bob");
  const meeting = { meetingId: await createMeeting(other) };
  await other.mutation("meetings/lifecycle:startMeeting", meeting);
  await joinCall(other, meeting.meetingId);
  const { recordingId } = await other.action<Started>(`${stream}:startRecording`, {
    ...meeting,
    recordingConfig: { audioOnly: true },
  });
  await other.action(`${stream}:stopRecording`, meeting);
  const ready = await becomes(recordingId, "ready", other);
  expect(ready.recordingUrl).toMatch(/\.m4a$/);
  expect(ready.probe).toMatchObject({ container: "mp4", audio: { codec: "aac" } });
  expect(ready.probe?.video).toBeUndefined();
});

it("deletes Stream's file with the recording", async () => {
  const call = cloud.calls.get(meetingId);
  const files = call.files.length;
  expect(files).toBeGreaterThan(0);
  const recordings = await host.query<{ recordingId: string }[]>(
    "recordings/queries:listRecordings",
    { meetingId },
  );
  for (const { recordingId } of recordings)
    await host.mutation("recordings/mutations:deleteRecording", { recordingId });
  await until("nothing is left at Stream", 60_000, async () => call.files.length === 0);
});

async function fileOf(url: string): Promise<Buffer> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${host.token}` } });
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

async function deliver({ body, headers }: Delivery): Promise<number> {
  const answer = await fetch(`${server.url}/webhooks/getstream`, {
    method: "POST",
    ...{ body: new Uint8Array(body), headers },
  });
  return answer.status;
}

async function becomes(
  recordingId: string,
  state: string,
  person = host,
): Promise<RecordingDetail> {
  let last: RecordingDetail | undefined;
  await until(`the recording is ${state}`, 120_000, async () => {
    last = await person.query<RecordingDetail>("recordings/queries:getRecording", { recordingId });
    return last.state === state;
  });
  if (!last) throw new Error("never seen");
  return last;
}
