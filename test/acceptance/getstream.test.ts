import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type GetStreamStandIn,
  startGetStreamStandIn,
} from "../support/getstreamStandIn/server.ts";
import { createMeeting, type RecordingDetail, type Started, stream } from "./support/meetings.ts";
import { type Person, refusalOf, signIn } from "./support/person.ts";
import { openSite, type Site } from "./support/site.ts";
import { until } from "./support/until.ts";

let site: Site;
let cloud: GetStreamStandIn;
let host: Person;
let meetingId: string;

beforeAll(async () => {
  cloud = await startGetStreamStandIn();
  site = await openSite();
  const { url } = await site.start({
    STREAM_API_KEY: cloud.apiKey,
    STREAM_API_SECRET: cloud.apiSecret,
    CONNVO_STREAM_BASE_URL: cloud.url,
  });
  host = await signIn(url, "Alice");
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
  const { userId } = await host.action<{ userId: string }>(
    `${stream}:generateParticipantTokenPublic`,
    { meetingId },
  );
  cloud.calls.users.set(userId, { id: userId });
  cloud.calls.join(meetingId, userId);
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
  await until("the place is free", 60_000, async () => {
    const { state } = await detail(recordingId);
    return state === "processing" || state === "failed";
  });
});
