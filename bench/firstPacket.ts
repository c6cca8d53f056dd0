import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import path from "node:path";
import { roomPaths } from "../src/video/embedded/paths.ts";
import type { BareAddresses } from "./bareServer.ts";
import { ownBareServer } from "./bareServerProcess.ts";
import { firstByteOf, firstMediaIn } from "./captureWatch.ts";
import { ownConnvo, postgresOf } from "./connvoServer.ts";
import { LiveMeeting, loadLoops } from "./liveMeeting.ts";
import { type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { percentile } from "./statistics.ts";

/** A host may start three recordings in any 60 s, so each is followed by another. */
const startsPerHost = 3;
/** Opus packets come this often, ms. */
const packetMs = 20;

/** From the call of startRecording until media of it is in a file, over HTTP and with two people publishing. */
export async function benchFirstPacket(stage: Stage): Promise<Row[]> {
  const server = await ownConnvo(stage);
  const { connection, stop } = await postgresOf(server.dataDir);
  stage.own("PostgreSQL", stop);
  const bare = await ownBareServer(stage, { connection, queries: [] });
  const folder = await stage.folder();
  sendDatagrams(stage, bare.said);
  const loops = await loadLoops(2);
  const { recordingsDir } = roomPaths(server.dataDir);
  const ours: number[] = [];
  const baseline: number[] = [];
  for (let host = 0; host < stage.pick(8, 2); host++) {
    stage.say(`host ${host + 1}`);
    const meeting = await LiveMeeting.open(stage, server, `Host ${host}`, loops);
    for (let start = 0; start < startsPerHost; start++) {
      ours.push(await timeStart(meeting, recordingsDir));
      baseline.push(await timeBareStart(bare.said, path.join(folder, randomUUID())));
    }
    await meeting.leave();
  }
  return [rowFor(ours, baseline)];
}

function rowFor(ours: readonly number[], baseline: readonly number[]): Row {
  const p95 = (values: readonly number[]) => percentile(values, 0.95) / 1000;
  const at = (p: number) => units.milliseconds(percentile(ours, p) / 1000);
  return rowOf({
    name: "start → media on disk, p95",
    baseline: "bare Fastify + datagram to file",
    comparison: {
      ours: p95(ours),
      baseline: p95(baseline),
      ratio: p95(ours) / p95(baseline),
      spread: [1, 1],
    },
    format: units.milliseconds,
    aim: { of: "ours", most: 0.1 },
    beside: `p50 ${at(0.5)}, max ${at(1)}, ${ours.length} starts`,
  });
}

async function timeStart(meeting: LiveMeeting, recordingsDir: string): Promise<number> {
  const began = performance.now();
  const [written] = await Promise.all([firstMediaIn(recordingsDir), meeting.startRecording()]);
  await meeting.stopRecording();
  return written - began;
}

async function timeBareStart({ url }: BareAddresses, file: string): Promise<number> {
  const began = performance.now();
  const body = JSON.stringify({ file });
  const headers = { "content-type": "application/json" };
  const [written] = await Promise.all([
    firstByteOf(file),
    fetch(`${url}/record`, { method: "POST", headers, body }).then((answer) => answer.text()),
  ]);
  return written - began;
}

function sendDatagrams(stage: Stage, { mediaPort }: BareAddresses): void {
  const socket = createSocket("udp4");
  const datagram = Buffer.alloc(100, 1);
  const timer = setInterval(() => socket.send(datagram, mediaPort, "127.0.0.1"), packetMs);
  stage.own("datagrams", async () => {
    clearInterval(timer);
    socket.close();
  });
}
