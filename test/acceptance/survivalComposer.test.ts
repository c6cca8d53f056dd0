import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import { startRecording, stopRecording } from "./support/meetings.ts";
import { isRunning, killAll } from "./support/processes.ts";
import { hasEnded, hasSent, SurvivalSite } from "./support/survivalSite.ts";
import { eventually, until } from "./support/until.ts";

takeTime();

let survival: SurvivalSite;

beforeAll(async () => {
  survival = await SurvivalSite.open();
});

afterAll(() => survival.close());

describe("kill -9 of the composer", () => {
  /** Composed for seconds, so that a composer is seen at work. */
  async function recorded() {
    const scene = await survival.openScene();
    const quality = "720p";
    const { recordingId } = await startRecording(scene.host, scene.meetingId, { quality });
    await hasSent(scene, 8000);
    await stopRecording(scene.host, scene.meetingId);
    await scene.publisher.close();
    return { scene, recordingId };
  }

  /** Ids of those at work, once there are some. */
  const composers = () =>
    eventually("a composer runs", 90_000, async () => {
      const found = await survival.site.processes("composer");
      return found.length > 0 ? found : undefined;
    });

  it("once and again: it is composed all the same", async () => {
    const { scene, recordingId } = await recorded();
    for (let count = 0; count < 2; count++) {
      const victims = await composers();
      await killAll(victims);
      for (const { pid } of victims)
        await until("it is gone", 60_000, async () => !(await isRunning(pid)));
    }
    const recording = await hasEnded(scene.host, recordingId);
    await survival.expectGood(scene, recording);
    const picture = { x: 0, y: 0, width: 1280, height: 720 };
    expect(await survival.missingIn(scene, recording, picture)).toEqual([]);
  });

  it("with its server: no composer is left, and the next server composes", async () => {
    const { scene, recordingId } = await recorded();
    const orphans = await composers();
    await survival.server.kill();
    for (const { pid } of orphans)
      await until("the orphan has left", 60_000, async () => !(await isRunning(pid)));
    await survival.restart();
    const recording = await hasEnded(scene.host, recordingId);
    await survival.expectGood(scene, recording);
  });
});

it("nothing is open afterwards, nothing acknowledged is lost", () => survival.expectNothingLost());
