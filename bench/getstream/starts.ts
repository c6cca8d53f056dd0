import { StreamClient } from "@stream-io/node-sdk";
import { startRecording } from "../../src/recordings/lifecycle/start.ts";
import { type Host, writeHosts } from "../hosts.ts";
import { rate } from "../rate.ts";
import { type Row, rowOf, units } from "../row.ts";
import type { Stage } from "../stage.ts";
import { compare, interleave } from "../statistics.ts";
import { openStreamParts, type StreamParts } from "./parts.ts";

/** Callers at once → starts in one round. */
const loads = [
  { callers: 1, full: 100, quick: 40 },
  { callers: 32, full: 320, quick: 128 },
];
const recording = {
  mode: "available",
  audio_only: false,
  quality: "720p",
  layout: { name: "grid" },
} as const;

/** startRecording at Stream against the SDK's own calls for the same, with nothing around them. */
export async function benchStreamStarts(stage: Stage): Promise<Row[]> {
  const parts = await openStreamParts(stage);
  const rows: Row[] = [];
  for (const { callers, full, quick } of loads) {
    stage.say(`startRecording at Stream, ${callers} callers`);
    rows.push(await benchLoad(stage, parts, callers, stage.pick(full, quick)));
  }
  return rows;
}

async function benchLoad(
  stage: Stage,
  { standIn, services, pool }: StreamParts,
  callers: number,
  starts: number,
): Promise<Row> {
  const { apiKey, apiSecret, url: basePath } = standIn;
  const client = new StreamClient(apiKey, apiSecret, { basePath, timeout: 10_000 });
  const hosts = async () => goLive(standIn, await writeHosts(pool, starts));
  const ours = async () =>
    rate(callers, await hosts(), ({ userId, meetingId }) =>
      startRecording(services, userId, { meetingId }),
    );
  const bare = async () =>
    rate(callers, await hosts(), async ({ meetingId }) => {
      const call = client.video.call("default", meetingId);
      await call.get();
      await call.update({ settings_override: { recording } });
      await call.startRecording({ recording_type: "composite" });
      await call.get();
    });
  await interleave(1, ours, bare);
  return rowOf({
    name: `startRecording at Stream, ${callers} caller${callers === 1 ? "" : "s"}`,
    baseline: "the SDK's calls alone",
    comparison: compare(await interleave(stage.pick(5, 3), ours, bare)),
    format: units.perSecond,
    aim: { of: "ratio", least: 0.4 },
  });
}

/** The calls are there, with their hosts in them. */
function goLive({ calls }: StreamParts["standIn"], hosts: Host[]): Host[] {
  for (const { userId, meetingId } of hosts) {
    calls.users.set(userId, { id: userId });
    calls.getOrCreate(meetingId, { created_by_id: userId });
    calls.join(meetingId, userId);
  }
  return hosts;
}
