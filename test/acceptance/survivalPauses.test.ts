import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import {
  getRecording,
  pauseRecording,
  resumeRecording,
  startRecording,
  stopRecording,
} from "./support/meetings.ts";
import {
  hasEnded,
  hasSent,
  isBack,
  mortal,
  persistently,
  SurvivalSite,
} from "./support/survivalSite.ts";

takeTime();

let survival: SurvivalSite;

beforeAll(async () => {
  survival = await SurvivalSite.open();
});

afterAll(() => survival.close());

const config = { quality: "360p" };

describe("kill -9", () => {
  it.each(["server", "rooms"] as const)(
    "of %s in a pause: it is still paused, and goes on in the same file",
    async (victim) => {
      const scene = await survival.openScene(victim === "rooms" ? mortal : {});
      const { host, meetingId } = scene;
      try {
        await hasSent(scene, 300);
        const { recordingId } = await startRecording(host, meetingId, config);
        await hasSent(scene, 2500);
        const { pausedAt } = await pauseRecording(host, recordingId);
        const { connections } = scene.publisher.stats;
        await survival.kill(victim);
        if (victim === "rooms") await isBack(scene, connections);
        await hasSent(scene, 1500);
        expect(await getRecording(host, recordingId)).toMatchObject({
          state: "recording",
          pausedAt,
        });
        await persistently("a resume", () => resumeRecording(host, recordingId));
        await hasSent(scene, 2500);
        await stopRecording(host, meetingId);
        const recording = await hasEnded(host, recordingId);
        expect(recording).toMatchObject({
          state: "ready",
          gaps: [],
          pauses: [{ startedAt: pausedAt }],
        });
        const { startedAt = 0, stoppedAt = 0, durationMs = 0, pauses, probe } = recording;
        expect(pauses).toHaveLength(1);
        expect(durationMs).toBe(stoppedAt - startedAt - (pauses[0]?.durationMs ?? 0));
        expect(probe?.problems).toEqual([]);
        expect(Math.abs((probe?.durationMs ?? 0) - durationMs)).toBeLessThanOrEqual(200);
      } finally {
        await scene.publisher.close();
      }
    },
  );
});

it("nothing is open afterwards, nothing acknowledged is lost", () => survival.expectNothingLost());
