import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { CaptureCopies } from "../../../src/media/format/port.ts";
import { capturesStay } from "../../../src/recordings/archive/captureCopies.ts";
import { deleteRecording } from "../../../src/recordings/lifecycle/deleteRecording.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import * as hearing from "../support/hearing.ts";
import { heard } from "../support/hearing.ts";
import { recordingStage } from "../support/recordings.ts";

takeTime();

let test: TestDatabase;
let nodes: hearing.HearingNodes;

beforeAll(async () => {
  test = await testDatabase();
  nodes = new hearing.HearingNodes(test);
});
afterAll(() => test.close());
beforeEach(() => hearing.forgetRecordings(test));
afterEach(() => nodes.stop());

const node = (...how: Parameters<hearing.HearingNodes["start"]>) => nodes.start(...how);
const recorded = (change?: Parameters<typeof hearing.recorded>[1]) =>
  hearing.recorded(test, change);
const texts = (of: { meetingId: string }) => hearing.texts(test, of);
const stateOf = (of: { recordingId: string }) => hearing.hearingOf(test, of);
const soon = (check: () => Promise<void>) => vi.waitFor(check, patience);

it("writes down what is heard of a running recording, until all was heard", async () => {
  const recording = await recorded();
  const { asked } = node(async (_, onHeard) => {
    await onHeard(heard(recording, "First.", 0));
    await onHeard(heard(recording, "Second.", 1_000));
  });
  await soon(async () => expect((await stateOf(recording))?.state).toBe("finished"));
  expect(asked).toEqual([
    {
      ...{ recordingId: recording.recordingId, heard: {} },
      captureDir: `/captures/${recording.recordingId}`,
    },
  ]);
  expect(await texts(recording)).toEqual(["First.", "Second."]);
  expect(await stateOf(recording)).toMatchObject({ heard: { t1: 1_500 }, not_understood: 2 });
});

it("leaves alone meetings whose host does not want it, free ones, and what is not recorded here", async () => {
  const unwanted = await recorded();
  await test.sql("UPDATE meetings SET transcription_enabled = false WHERE id = $1", [
    unwanted.meetingId,
  ]);
  const free = await recorded();
  await test.sql("UPDATE meetings SET tier = 'free' WHERE id = $1", [free.meetingId]);
  const elsewhere = await recorded();
  await test.sql("UPDATE recordings SET site_id = 'another' WHERE id = $1", [
    elsewhere.recordingId,
  ]);
  const ours = await recorded();
  const { asked } = node(async () => undefined);
  await soon(async () => expect((await stateOf(ours))?.state).toBe("finished"));
  expect(asked.map(({ recordingId }) => recordingId)).toEqual([ours.recordingId]);
});

it("goes on where the last one broke off, and has no line twice", async () => {
  const recording = await recorded();
  let tries = 0;
  const { asked } = node(async (_, onHeard) => {
    await onHeard(heard(recording, "First.", 0));
    tries++;
    if (tries === 1) throw new Error("the speech process died");
    await onHeard(heard(recording, "Second.", 1_000));
  });
  await soon(async () => {
    await test.advanceTime(5_000);
    expect((await stateOf(recording))?.state).toBe("finished");
  });
  expect(asked.map(({ heard: from }) => from)).toEqual([{}, { t1: 500 }]);
  expect(await texts(recording)).toEqual(["First.", "Second."]);
});

it("goes on at another server once the first is silent, which can write nothing any more", async () => {
  const recording = await recorded();
  let late: Promise<void> | undefined;
  const silent = node(async (_, onHeard, signal) => {
    await onHeard(heard(recording, "First.", 0));
    await nodes.untilReleased(signal);
    late = onHeard(heard(recording, "Too late.", 1_000));
    late.catch(() => undefined);
    await late;
  });
  await soon(async () => expect(await texts(recording)).toEqual(["First."]));
  // Its lease runs out, though it lives.
  await test.sql("UPDATE recording_transcripts SET lease_until = app_now() - interval '1 ms'");
  const next = node(async (_, onHeard) => onHeard(heard(recording, "Second.", 1_000)));
  await soon(async () => expect((await stateOf(recording))?.state).toBe("finished"));
  nodes.release();
  await silent.loop.stop();
  await expect(late).rejects.toMatchObject({ code: "CONFLICT" });
  expect(next.asked[0]?.heard).toEqual({ t1: 500 });
  expect(await texts(recording)).toEqual(["First.", "Second."]);
});

it("is given up after some failures in a row, and says why", async () => {
  const recording = await recorded();
  const { asked } = node(async () => {
    throw new Error("no binary for this machine");
  });
  await soon(async () => {
    // Its pauses are over; nobody loses a lease.
    await test.sql("UPDATE recording_transcripts SET next_at = app_now() WHERE owner IS NULL");
    expect(await stateOf(recording)).toMatchObject({
      ...{ state: "failed", error: "no binary for this machine" },
    });
  });
  expect(asked).toHaveLength(6);
});

it("hands over at once when its server stops", async () => {
  const recording = await recorded();
  const { loop } = node(async (_, onHeard, signal) => {
    await onHeard(heard(recording, "First.", 0));
    await nodes.untilReleased(signal);
  });
  await soon(async () => expect(await texts(recording)).toEqual(["First."]));
  await loop.stop();
  const next = node(async () => undefined);
  await soon(async () => expect((await stateOf(recording))?.state).toBe("finished"));
  expect(next.asked[0]?.heard).toEqual({ t1: 500 });
});

it("ends with the recording, whose lines go with it", async () => {
  const recording = await recorded();
  let refused: unknown;
  node(async (_, onHeard, signal) => {
    await onHeard(heard(recording, "First.", 0));
    await nodes.untilReleased(signal);
    await onHeard(heard(recording, "After.", 1_000)).catch((error: unknown) => {
      refused = error;
      throw error;
    });
  });
  await soon(async () => expect(await texts(recording)).toEqual(["First."]));
  await test.sql("UPDATE recordings SET state = 'ready', deadline_at = NULL WHERE id = $1", [
    recording.recordingId,
  ]);
  const { services } = recordingStage(test);
  await services.db.transaction((tx) =>
    deleteRecording(tx, recording.recordingId, recording.hostId),
  );
  expect(await texts(recording)).toEqual([]);
  nodes.release();
  await soon(async () => expect(refused).toMatchObject({ code: "CONFLICT" }));
  expect(await texts(recording)).toEqual([]);
});

it("tells of tracks that could not be heard, and has the others", async () => {
  const recording = await recorded();
  const unheard = [{ trackId: "t2", reason: "no media" }];
  node(async (_, onHeard) => onHeard(heard(recording, "First.", 0)), { unheard });
  await soon(async () =>
    expect(await stateOf(recording)).toMatchObject({ state: "finished", error: "t2: no media" }),
  );
  expect(await texts(recording)).toEqual(["First."]);
});

it("waits for a capture that is fetched, and gives up one that cannot be", async () => {
  const recording = await recorded();
  let state: Awaited<ReturnType<CaptureCopies["hold"]>> = { kind: "restoring", done: 0.5 };
  const copies = { ...capturesStay, hold: async () => state };
  const { asked } = node(async () => undefined, { copies });
  await soon(async () =>
    expect((await stateOf(recording))?.error).toBe("the capture is restoring"),
  );
  state = { kind: "failed", reason: "gone" };
  await soon(async () => {
    await test.advanceTime(600_000);
    expect(await stateOf(recording)).toMatchObject({
      ...{ state: "failed", error: "the capture could not be fetched: gone" },
    });
  });
  expect(asked).toEqual([]);
});

it.each([
  ["has room where clients have sent all they may", 50_000, ["Heard."]],
  ["ends where the transcript is full", 100_000, []],
])("%s", async (_, sent, expected) => {
  const recording = await recorded();
  await test.sql("INSERT INTO transcriptions (meeting_id, last_sequence) VALUES ($1, $2)", [
    ...[recording.meetingId, sent],
  ]);
  node(async (__, onHeard) => onHeard(heard(recording, "Heard.", 0)));
  await soon(async () => expect((await stateOf(recording))?.state).toBe("finished"));
  expect(await texts(recording)).toEqual(expected);
});
