import { appendFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CaptureLog, captureLog } from "./captureLog.ts";
import { eventLine, eventLogName } from "./eventLog.ts";
import type { CaptureEvent } from "./events.ts";

let dir: string;
let path: string;
let log: CaptureLog;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "connvo-log-"));
  path = join(dir, eventLogName);
  log = new CaptureLog(dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const start: CaptureEvent = {
  ...{ type: "captureStart", t: 1000, version: 2, recordingId: "recording_1", roomId: "r" },
  maxDurationMs: 60_000,
};
const named = (participant: string, t = 2000): CaptureEvent => {
  return { type: "participant", t, participant, name: `Name of ${participant} ☕` };
};
const append = (...events: CaptureEvent[]) =>
  appendFile(path, Buffer.concat(events.map(eventLine)));
const people = async () => [...(await log.read()).names.keys()];

test("each look adds what has been logged since, once", async () => {
  await append(start, named("ann"));
  expect(await people()).toEqual(["ann"]);
  expect(await people()).toEqual(["ann"]);
  await append(named("bob", 3000));
  expect(await people()).toEqual(["ann", "bob"]);
  expect((await log.read()).lastT).toBe(3000);
  expect(await log.lengthMs()).toBe(2000);
});

test("looks at the same time read nothing twice", async () => {
  await append(start, { type: "pause", t: 1500 }, { type: "resume", t: 1800 });
  const [first, second] = await Promise.all([log.read(), log.read()]);
  expect(first).toBe(second);
  expect(first.pauses.spans).toHaveLength(1);
});

test("a line counts once it is complete, wherever it is cut", async () => {
  const line = eventLine(named("ann"));
  await append(start);
  for (const byte of line.subarray(0, -1)) {
    await appendFile(path, Buffer.of(byte));
    expect(await people()).toEqual([]);
  }
  await appendFile(path, "\n");
  expect(await people()).toEqual(["ann"]);
});

test("a torn end that the next writer cuts off leaves nothing behind", async () => {
  await append(start, named("ann"));
  await appendFile(path, '{"type":"participant","t":2500,"partic');
  expect(await people()).toEqual(["ann"]);
  await truncate(path, Buffer.concat([start, named("ann")].map(eventLine)).length);
  await append(named("bob"));
  expect(await people()).toEqual(["ann", "bob"]);
});

test("a log longer than what is read at once, and damage in it, are read over", async () => {
  const many = Array.from({ length: 6000 }, (_, index) => named(`person${index}`, 2000 + index));
  await writeFile(path, Buffer.concat([start, ...many].map(eventLine)));
  await appendFile(path, `${"x".repeat(600_000)}\n`);
  await append(named("ann", 9000));
  const { names, lastT } = await log.read();
  expect(names.size).toBe(6001);
  expect(lastT).toBe(9000);
});

test("another log in its place is read from its beginning", async () => {
  await append(start, named("ann"), named("bob"));
  await people();
  await truncate(path, 0);
  await append(start, named("cem"));
  expect(await people()).toEqual(["cem"]);
});

test("a folder without a log is told, and looked at again", async () => {
  await expect(log.read()).rejects.toMatchObject({ code: "ENOENT" });
  await append(start);
  expect((await log.read()).start).toEqual(start);
});

test("a folder keeps its log while it is looked at, among many", () => {
  const first = captureLog(join(dir, "first"));
  const second = captureLog(join(dir, "second"));
  for (let index = 0; index < 63; index++) {
    captureLog(join(dir, `other${index}`));
    expect(captureLog(join(dir, "first"))).toBe(first);
  }
  expect(captureLog(join(dir, "second"))).not.toBe(second);
});
