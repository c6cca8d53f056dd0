import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../core/clock.ts";
import { type GetStreamStandIn, startGetStreamStandIn } from "../../synth/getstream/server.ts";
import { StreamApi } from "./api.ts";
import { CallReader } from "./callReader.ts";

let standIn: GetStreamStandIn;
let reader: CallReader;
beforeEach(async () => {
  standIn = await startGetStreamStandIn();
  const { apiKey, apiSecret } = standIn;
  const options = { apiKey, apiSecret, baseUrl: standIn.url, clock: systemClock };
  reader = new CallReader(new StreamApi(options), systemClock);
  standIn.calls.users.set("host", { id: "host" });
  for (let call = 0; call < 60; call++)
    standIn.calls.getOrCreate(`call_${call}`, { created_by_id: "host" });
});
afterEach(() => standIn.close());

test("one call is read by itself", async () => {
  expect(await reader.read("call_1")).toMatchObject({ composite: "idle", ended: false });
  expect(standIn.operations()).toEqual(["GetCall"]);
});

test("many at once are read with few requests, each once", async () => {
  standIn.calls.end("call_7");
  const reads = Array.from({ length: 60 }, (_, call) => reader.read(`call_${call}`));
  const [again, states] = await Promise.all([reader.read("call_7"), Promise.all(reads)]);
  expect(states.map((state) => state?.ended)).toEqual(
    Array.from({ length: 60 }, (_, call) => call === 7),
  );
  expect(again?.ended).toBe(true);
  expect(standIn.operations()).toEqual(["QueryCalls", "QueryCalls", "QueryCalls"]);
});

test("one that a list leaves out is asked for by itself, and may not be there", async () => {
  const [there, gone] = await Promise.all([reader.read("call_1"), reader.read("nowhere")]);
  expect([there?.ended, gone]).toEqual([false, undefined]);
  expect(standIn.operations()).toEqual(["QueryCalls", "GetCall"]);
});

test("a failure is everybody's who asked", async () => {
  standIn.fault("QueryCalls", { kind: "status", status: 500, code: -1 });
  const reads = [reader.read("call_1"), reader.read("call_2")];
  const results = await Promise.allSettled(reads);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(reader.read("call_1")).resolves.toBeDefined();
});

test.each(["../x", "", "a/b"])("the id %j is refused before anything is sent", async (id) => {
  await expect(reader.read(id)).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  expect(standIn.requests).toEqual([]);
});
