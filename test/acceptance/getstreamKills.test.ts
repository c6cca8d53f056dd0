import { createHash } from "node:crypto";
import { ConvexError } from "convex/values";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import {
  type GetStreamStandIn,
  type Stage,
  startGetStreamStandIn,
} from "../../src/synth/getstream/server.ts";
import { takeTime } from "../support/patience.ts";
import { type RecordingDetail, startedMeeting, stream } from "./support/meetings.ts";
import { type Args, type Person, type Refusal, signIn } from "./support/person.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { joinStreamCall, madeByStream } from "./support/stream.ts";
import { eventually, until } from "./support/until.ts";

takeTime();

/** The server is killed at the `nth` request of that kind. */
interface Kill {
  operation: string;
  stage: Stage;
  nth: number;
}

interface Schedule {
  kills: Kill[];
  /** Recordings, one after the other. */
  recordings: number;
  deletes: boolean;
}

const operations = ["UpdateCall", "StartRecording", "StopRecording", "ListRecordings", "File"];
const schedules: fc.Arbitrary<Schedule> = fc.record({
  kills: fc.array(
    fc.record({
      operation: fc.constantFrom(...operations),
      stage: fc.constantFrom("arrived" as const, "carried out" as const),
      nth: fc.constantFrom(1, 1, 2),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  recordings: fc.constantFrom(1, 2),
  deletes: fc.boolean(),
});

/** `npm run test:campaign -- --processes N --seed S` sets both. */
const count = Number(process.env["CONNVO_TEST_KILLS"] ?? 1);
const first = Number(process.env["CONNVO_TEST_SEED"] ?? 1);
const seeds = Array.from({ length: count }, (_, index) => first + index);

let content: Buffer;
let site: Site;
let cloud: GetStreamStandIn;
let server: ServerProcess;
let host: Person;
let meetingId: string;
let kills: Kill[];
/** Done when whoever was killed is back. */
let back: Promise<void>;

beforeAll(() => {
  const picture = ["-f", "lavfi", "-i", "testsrc=size=160x90:rate=10:duration=2"];
  content = madeByStream(...picture, "-pix_fmt", "yuv420p", "-shortest");
});
beforeEach(async () => {
  kills = [];
  back = Promise.resolve();
  cloud = await startGetStreamStandIn({ content, onStage: killAt });
  site = await openSite();
  await startServer();
  host = await signIn(server.url, "Host");
  meetingId = await startedMeeting(host);
  await joinStreamCall(cloud, host, meetingId);
});
afterEach(async () => {
  await back;
  await site.close();
  await cloud.close();
});
async function startServer(port?: number): Promise<void> {
  const env = {
    STREAM_API_KEY: cloud.apiKey,
    STREAM_API_SECRET: cloud.apiSecret,
    CONNVO_STREAM_BASE_URL: cloud.url,
  };
  server = await site.start(env, port);
}

function killAt(operation: string, stage: Stage): boolean {
  const due = kills.find((kill) => kill.operation === operation && kill.stage === stage);
  if (due === undefined || --due.nth > 0) return false;
  kills.splice(kills.indexOf(due), 1);
  const killed = server;
  back = back.then(async () => {
    await killed.kill();
    await startServer(Number(new URL(killed.url).port));
  });
  return true;
}

/** As somebody does who means it: again while no server answers. */
function insist<T>(fn: "action" | "mutation" | "query", name: string, args: Args): Promise<T> {
  return eventually(`${name} is answered`, 120_000, async () => {
    await back;
    return await host[fn]<T>(name, args).catch((error: unknown) => {
      if (isPassing(error)) return undefined;
      throw error;
    });
  });
}

/** No server answered, or nothing is decided: the provider has not said, or a stop came first. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ConvexError)) return true;
  const { code } = error.data as Refusal;
  return code === "EXTERNAL_SERVICE_TIMEOUT" || code === "CONFLICT";
}

const recordings = () =>
  insist<RecordingDetail[]>("query", "recordings/queries:listRecordings", { meetingId });
const detail = (recordingId: string) =>
  insist<RecordingDetail>("query", "recordings/queries:getRecording", { recordingId });
const isOver = ({ state }: RecordingDetail) => state === "ready" || state === "failed";

/** What is looked at once a minute takes its time, ms. */
const timeout = 600_000;

it.each(seeds)("loses, doubles and forgets nothing in schedule %i", { timeout }, async (seed) => {
  const [schedule] = fc.sample(schedules, { seed, numRuns: 1 });
  if (schedule === undefined) throw new Error("nothing was drawn");
  kills = schedule.kills.map((kill) => ({ ...kill }));
  const acknowledged = new Set<string>();
  for (let number = 0; number < schedule.recordings; number++) {
    const { recordingId } = await insist<{ recordingId: string }>(
      "action",
      `${stream}:startRecording`,
      { meetingId },
    );
    acknowledged.add(recordingId);
    await insist("action", `${stream}:stopRecording`, { meetingId });
    await until("it is over", 180_000, async () => (await recordings()).every(isOver));
  }
  const call = cloud.calls.get(meetingId);
  const all = await recordings();
  const ready = all.filter(({ state }) => state === "ready");
  const told = JSON.stringify({ schedule, all, files: call.files });
  expect(call.capture, told).toBeNull();
  expect(call.startsAccepted, told).toBe(ready.length);
  expect(call.files.length, told).toBe(ready.length);
  for (const recordingId of acknowledged)
    expect(
      ready.map((one) => one.recordingId),
      told,
    ).toContain(recordingId);
  for (const { recordingId, recordingUrl } of ready) {
    const { sha256 } = await detail(recordingId);
    const headers = { authorization: `Bearer ${host.token}` };
    const file = Buffer.from(await (await fetch(recordingUrl, { headers })).arrayBuffer());
    expect(createHash("sha256").update(file).digest("hex")).toBe(sha256);
  }
  if (!schedule.deletes) return;
  for (const { recordingId } of all)
    await insist("mutation", "recordings/mutations:deleteRecording", { recordingId });
  await until("nothing is left at Stream", 120_000, () => call.files.length === 0);
});
