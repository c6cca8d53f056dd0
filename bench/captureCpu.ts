import { setTimeout as sleep } from "node:timers/promises";
import { ownConnvo, roomProcessOf } from "./connvoServer.ts";
import { LiveMeeting, loadLoops } from "./liveMeeting.ts";
import { cpuSeconds, usageIsKnown } from "./processUsage.ts";
import { notRun, type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, interleave } from "./statistics.ts";

const name = "capture, CPU per participant-minute at 720p";
const participants = 4;
/** A host may start three recordings in any 60 s. */
const rounds = 3;

/** CPU time of the room process while four people publish: recorded, against the same room not recorded. */
export async function benchCaptureCpu(stage: Stage): Promise<Row[]> {
  if (!usageIsKnown()) return [notRun(name, "needs Linux's /proc")];
  const server = await ownConnvo(stage);
  const meeting = await LiveMeeting.open(stage, server, "Host", await loadLoops(participants));
  const pid = await roomProcessOf(server.dataDir);
  const measure = () => cpuPerParticipantMinute(pid, stage.pick(10_000, 4_000));
  const recorded = async () => {
    await meeting.startRecording();
    const used = await measure();
    await meeting.stopRecording();
    return used;
  };
  stage.say(`${participants} participants, ${stage.pick(rounds, 2)} rounds`);
  await sleep(stage.pick(3_000, 1_000));
  return [
    rowOf({
      name,
      baseline: "same room, not recorded",
      comparison: compare(await interleave(stage.pick(rounds, 2), recorded, measure)),
      format: units.cpuSeconds,
      aim: { of: "ours", most: 1.5 },
    }),
  ];
}

async function cpuPerParticipantMinute(pid: number, durationMs: number): Promise<number> {
  const began = performance.now();
  const before = await cpuSeconds(pid);
  await sleep(durationMs);
  const used = (await cpuSeconds(pid)) - before;
  return (used / participants) * (60_000 / (performance.now() - began));
}
