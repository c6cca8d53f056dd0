import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import { expectWithinSecond } from "../support/quickStart.ts";
import { getRecording, startedMeeting, startRecording, stopRecording } from "./support/meetings.ts";
import { killAll } from "./support/processes.ts";
import {
  hasEnded,
  hasSent,
  isBack,
  mortal,
  noticeableMs,
  persistently,
  type Scene,
  SurvivalSite,
  type Victim,
} from "./support/survivalSite.ts";
import { until } from "./support/until.ts";

takeTime();

let survival: SurvivalSite;

beforeAll(async () => {
  survival = await SurvivalSite.open();
});

afterAll(() => survival.close());

type Moment = "at the start" | "in the middle" | "at the stop";

/** Media that was received before a kill and may be missing, ms. */
const mayBeLostMs = 2000;
const config = { quality: "360p" };

/** Starts, kills at the moment, stops; resolves with the recording that came of it and when the kill was. */
async function recordThrough(scene: Scene, victim: Victim, moment: Moment) {
  const { host, meetingId } = scene;
  let killedAt = 0;
  const start = startRecording(host, meetingId, config).then(
    ({ recordingId }) => recordingId,
    () => undefined,
  );
  const { connections } = scene.publisher.stats;
  if (moment === "at the start") killedAt = await survival.kill(victim);
  const acknowledged = await start;
  const recordingId =
    acknowledged ??
    (await persistently("a start", () => startRecording(host, meetingId, config))).recordingId;
  if (victim === "rooms" && moment === "at the start") await isBack(scene, connections);
  await hasSent(scene, 2500);
  if (moment === "in the middle") {
    await survival.recorderKeepsUp(recordingId);
    killedAt = await survival.kill(victim);
    if (victim === "rooms") await isBack(scene, connections);
    await hasSent(scene, 2500);
  }
  const stop = stopRecording(host, meetingId).catch(() => undefined);
  if (moment === "at the stop") killedAt = await survival.kill(victim);
  if ((await stop) === undefined)
    await persistently("a stop", () => stopRecording(host, meetingId));
  const recording = await hasEnded(host, recordingId);
  return { recording, killedAt };
}

const victims: Victim[] = ["server", "rooms", "postgres"];
const moments: Moment[] = ["at the start", "in the middle", "at the stop"];
const matrix = victims.flatMap((victim) => moments.map((moment) => [victim, moment] as const));

describe("kill -9", () => {
  it.each(matrix)("of %s %s: the recording becomes ready", async (victim, moment) => {
    const scene = await survival.openScene(victim === "rooms" ? mortal : {});
    try {
      await hasSent(scene, 300);
      const { recording, killedAt } = await recordThrough(scene, victim, moment);
      await survival.expectGood(scene, recording);
      const missing = await survival.missingIn(scene, recording);
      if (victim !== "rooms") {
        expect(recording.gaps).toEqual([]);
        expect(missing).toEqual([]);
        return;
      }
      const killedMs = killedAt - (recording.startedAt ?? 0);
      for (const { startMs } of missing) expect(startMs).toBeGreaterThan(killedMs - mayBeLostMs);
      if (moment !== "in the middle") return;
      expect(missing).toHaveLength(1);
      const [{ startMs, endMs } = { startMs: 0, endMs: 0 }] = missing;
      const listed = recording.gaps.filter((gap) => {
        return gap.startMs <= startMs + noticeableMs && gap.endMs >= endMs - noticeableMs;
      });
      expect({ gaps: listed, missing }).toEqual({ gaps: recording.gaps, missing });
      expect(listed).toHaveLength(1);
    } finally {
      await scene.publisher.close();
    }
  });

  it("of rooms: they are back within a second", async () => {
    const [before] = await survival.site.processes("rooms");
    await expectWithinSecond(async () => {
      await survival.kill("rooms");
      await until("other rooms answer", 60_000, async () => {
        const text = await (await fetch(`${survival.server.url}/metrics`)).text();
        return text.includes('connvo_rooms{measure="uptimeSeconds"}');
      });
    });
    const [after] = await survival.site.processes("rooms");
    expect(after?.pid).not.toBe(before?.pid);
  });

  it("of everything at once: the recording goes on with the next start", async () => {
    const scene = await survival.openScene(mortal);
    try {
      const { recordingId } = await startRecording(scene.host, scene.meetingId, config);
      await hasSent(scene, 2500);
      const { connections } = scene.publisher.stats;
      await killAll(await survival.site.processes());
      await survival.restart();
      await isBack(scene, connections);
      await hasSent(scene, 2000);
      expect(await startRecording(scene.host, scene.meetingId, config)).toMatchObject({
        recordingId,
      });
      await stopRecording(scene.host, scene.meetingId);
      const recording = await hasEnded(scene.host, recordingId);
      await survival.expectGood(scene, recording);
      expect(recording.gaps.length).toBeGreaterThan(0);
    } finally {
      await scene.publisher.close();
    }
  });

  it("of rooms before anybody published: it fails and says why", async () => {
    const host = await survival.signIn();
    const meetingId = await startedMeeting(host);
    const { recordingId } = await startRecording(host, meetingId);
    await survival.kill("rooms");
    await persistently("a stop", () => stopRecording(host, meetingId));
    const recording = await hasEnded(host, recordingId);
    expect(recording).toMatchObject({ state: "failed", error: { code: "no_media" } });
  });
});

describe("a server that is updated by its operator", () => {
  it("leaves running recordings to its rooms, and the next server goes on with them", async () => {
    const scene = await survival.openScene();
    try {
      const { recordingId } = await startRecording(scene.host, scene.meetingId, config);
      await hasSent(scene, 1500);
      const rooms = await survival.site.processes("rooms");
      expect(await survival.server.handOver()).toBe(0);
      await until("only its rooms are left", 60_000, async () => {
        const left = (await survival.site.processes()).map(({ pid }) => pid);
        return String(left) === String(rooms.map(({ pid }) => pid));
      });
      await hasSent(scene, 1500);
      await survival.restart();
      expect(survival.server.output()).toContain("room process adopted");
      expect((await getRecording(scene.host, recordingId)).state).toBe("recording");
      await stopRecording(scene.host, scene.meetingId);
      const recording = await hasEnded(scene.host, recordingId);
      await survival.expectGood(scene, recording);
      expect(recording.gaps).toEqual([]);
      expect(await survival.missingIn(scene, recording)).toEqual([]);
      expect(scene.publisher.stats.connections).toBe(1);
    } finally {
      await scene.publisher.close();
    }
  });
});

it("nothing is open afterwards, nothing acknowledged is lost", () => survival.expectNothingLost());
