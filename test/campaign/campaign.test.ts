import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import { type CampaignDatabase, campaignDatabase } from "./database.ts";
import { drawSchedule } from "./draw.ts";
import { virtualFetch } from "./network.ts";
import { plants } from "./plants.ts";
import { play } from "./play.ts";
import type { Schedule, Step } from "./schedule.ts";
import { installVirtualTime } from "./virtualTime.ts";
import { World } from "./world.ts";

takeTime();

let database: CampaignDatabase;
let uninstall: () => void;
beforeAll(async () => {
  uninstall = installVirtualTime(virtualFetch);
  database = await campaignDatabase(inject("templateDatabase"));
});
afterAll(async () => {
  await database.close();
  uninstall();
});

const seeds = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at);

/** Each has found a fault once. */
const found = [5_382, 5_390, 6_046, 10_059, 10_205, 10_376, 50_575];

it.each([...seeds(1, 12), ...found])("what is promised holds in schedule %i", async (seed) => {
  expect((await play(drawSchedule(seed), database)).findings).toEqual([]);
});

/** Nothing is amiss but what the steps say. */
const scheduleOf = (...steps: Step[]): Schedule => ({
  nodes: 1,
  stream: {
    ...{ aheadMs: 0, captureMs: [2_000], fileMs: [20_000], latencyMs: [50] },
    ...{ tellsAfterMs: [[100]], gzip: false, cutFileAfter: [0] },
  },
  receiver: { answers: ["taken"] },
  steps,
});
const start: Step = { do: "start", times: 1, audioOnly: false, afterMs: 100 };
const stop: Step = { do: "stop", times: 1, afterMs: 20_000 };

it("waits until the database's clock has been set, however many ask at once", async () => {
  let set = (): void => undefined;
  const setting = new Promise<never[]>((resolve) => {
    set = () => resolve([]);
  });
  const parts = { db: database.db, sql: () => setting, root: "" };
  const world = new World(scheduleOf(), parts);
  const told: string[] = [];
  const both = ["one", "other"].map((who) => world.tellDatabase().then(() => told.push(who)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual([]);
  set();
  await Promise.all(both);
  expect(told).toEqual(["one", "other"]);
});

describe("is found out", () => {
  const unanswered: Step = {
    ...{ do: "fault", operation: "StartRecording", times: 1, afterMs: 0 },
    fault: { kind: "drop", accept: true },
  };
  const killed: Step = {
    ...{ do: "crashAt", point: "start: accepted, the answer lost", after: 0 },
    ...{ downMs: 1_000, afterMs: 0 },
  };
  it.each([
    ["a start that is sent again blindly", plants.blindRetry, unanswered, "start: sent again"],
    [
      "a row that is written after the start",
      plants.rowAfterStart,
      killed,
      "file: of no recording",
    ],
  ])("%s", async (_, plant, amiss, words) => {
    const schedule = scheduleOf(amiss, start, stop);
    expect((await play(schedule, database)).findings).toEqual([]);
    expect((await play(schedule, database, plant)).findings.join("\n")).toContain(words);
  });
});

describe("a stop that is asked for before Stream has taken up the start", () => {
  it.each([
    ["in the middle of it", 120, 30],
    ["while it is not answered", 120, 200],
    ["before it runs", 4_000, 1_000],
  ])("%s ends the recording", async (_, captureMs, afterMs) => {
    const schedule = scheduleOf(start, { ...stop, afterMs });
    schedule.stream.captureMs = [captureMs];
    const { findings, ended } = await play(schedule, database);
    expect(findings).toEqual([]);
    expect(Object.values(ended)).toEqual([1]);
  });
});
