import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { patience, takeTime } from "../../../test/support/patience.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { silentLog } from "../../core/log.ts";
import { describeCapture } from "../../media/format/describe.ts";
import { readCapture } from "../../video/embedded/recordingView.ts";
import { attempted, attemptsAt } from "../contract/attempts.ts";
import { captureFolder, unsealedCaptures } from "../contract/unsealed.ts";
import { type CapturedRoom, Captures } from "./captures.ts";
import type { CapturesDeps } from "./capturesOptions.ts";

takeTime();

let recordingsDir: string;
/** The machine's clock, and the time that nobody can set; ms. */
let wall: number;
let monotonic: number;
let free: number;
let captures: Captures;
const opened: Captures[] = [];
/** However slow the disk: who gives it a second gives it a minute. */
const clock: Clock = {
  now: () => wall,
  sleep: (ms, signal) => systemClock.sleep(ms < 1000 ? ms : ms * 60, signal),
};

function pass(ms: number): void {
  wall += ms;
  monotonic += ms;
}

const rooms = new Map<string, CapturedRoom>();
/** A room in which nobody is. */
function roomOf(id: string): CapturedRoom {
  const room = rooms.get(id) ?? {
    publishing: [],
    capture: undefined,
    mediaOf: (_user, source) => ({ source, audio: true, video: true }),
  };
  rooms.set(id, room);
  return room;
}

function open(more: Partial<CapturesDeps> = {}): Captures {
  const now = () => monotonic;
  const deps = { clock, log: silentLog, now, freeBytes: async () => free, ...more };
  const made = new Captures({ recordingsDir, diskFloorBytes: 1000, diskShare: 50 }, deps, roomOf);
  opened.push(made);
  return made;
}
/** Resolves once what a tick has asked of the disk is answered. */
const eachDiskLook = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(async () => {
  rooms.clear();
  recordingsDir = await mkdtemp(join(tmpdir(), "connvo-captures-"));
  wall = Date.now();
  monotonic = 0;
  free = 1e9;
  captures = open();
});
afterEach(async () => {
  for (const made of opened.splice(0)) await made.suspend();
  await rm(recordingsDir, { recursive: true, force: true });
});

const request = (recordingId = "recording_1", roomId = "r") => ({
  recordingId,
  roomId,
  maxDurationMs: 60_000,
});
const folder = (recordingId = "recording_1") => captureFolder(recordingsDir, recordingId);
const described = (recordingId?: string) => describeCapture(folder(recordingId));

describe("a start", () => {
  test("is durable, and the same when repeated, also at once", async () => {
    const answers = await Promise.all([captures.start(request()), captures.start(request())]);
    expect(answers[0]).toEqual({ status: "recording", pauses: [], startedAt: wall });
    expect(answers[1]).toEqual(answers[0]);
    expect(await captures.start(request())).toEqual(answers[0]);
    expect((await described()).sealed).toBe(false);
  });

  test("of another recording of the room is refused, also at once", async () => {
    const starting = captures.start(request("recording_1"));
    await expect(captures.start(request("recording_2"))).rejects.toMatchObject({
      code: "CONFLICT",
    });
    await starting;
    await expect(captures.start(request("recording_3", "other"))).resolves.toMatchObject({
      status: "recording",
    });
  });

  test("after the stop does not record again", async () => {
    await captures.start(request());
    await captures.stop("recording_1", "stopped");
    expect(await captures.start(request())).toEqual({ status: "closed" });
    expect((await described()).stopReason).toBe("stopped");
  });

  test("is sealed with a room that is closed meanwhile", async () => {
    const starting = captures.start(request());
    await captures.closeRoom("r");
    await starting;
    expect([captures.size, roomOf("r").capture]).toEqual([0, undefined]);
    expect(await described()).toMatchObject({ sealed: true, stopReason: "room_closed" });
  });

  test("without disk space is refused and leaves nothing", async () => {
    free = 999;
    await expect(captures.start(request())).rejects.toMatchObject({
      metadata: { reason: "disk_full" },
    });
    await expect(stat(folder())).rejects.toThrow();
    free = 1000;
    await expect(captures.start(request())).resolves.toMatchObject({ status: "recording" });
  });

  test.each(["", "../x", "a/b", "a".repeat(65)])("of the id %j is refused", async (id) => {
    await expect(captures.start(request(id))).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  });

  test("takes the place of one that was killed before it was acknowledged", async () => {
    await mkdir(folder(), { recursive: true });
    await writeFile(join(folder(), "events.jsonl"), '{"type":"captureSt');
    await expect(captures.start(request())).resolves.toMatchObject({ status: "recording" });
  });
});

describe("the machine's clock", () => {
  test.each([-20_000, 60_000])("set by %i ms changes no length, pause or limit", async (stepMs) => {
    const begun = wall;
    await captures.start(request());
    pass(8000);
    wall += stepMs;
    pass(2000);
    await captures.pause("recording_1");
    pass(5000);
    await captures.resume("recording_1");
    pass(44_999);
    captures.tick(monotonic);
    expect(await captures.state("recording_1")).toMatchObject({ status: "recording" });
    pass(1);
    captures.tick(monotonic);
    await vi.waitFor(async () => expect((await described()).sealed).toBe(true), patience);
    expect(await described()).toMatchObject({
      ...{ stopReason: "max_duration", startedAt: begun, stoppedAt: begun + 60_000 },
      ...{ durationMs: 55_000, pauses: [{ atMs: 10_000, durationMs: 5000 }] },
    });
  });

  test("set while nobody writes a capture changes no length where the machine tells its uptime", async () => {
    const begun = wall;
    let upMs = 100_000;
    const uptime = () => ({ boot: "one", upMs });
    captures = open({ uptime });
    await captures.start(request());
    pass(8000);
    upMs += 8000;
    await captures.suspend();
    wall -= 60_000;
    upMs += 1500;
    const next = open({ uptime });
    await next.recover();
    pass(1000);
    await next.stop("recording_1", "stopped");
    expect(await described()).toMatchObject({ stoppedAt: begun + 10_500, durationMs: 10_500 });
  });
});

describe("a capture ends", () => {
  test("by stop, once and for all", async () => {
    await captures.start(request());
    expect(await captures.stop("recording_1", "stopped")).toEqual({ status: "closed" });
    expect(await captures.stop("recording_1", "again")).toEqual({ status: "closed" });
    expect(await described()).toMatchObject({
      sealed: true,
      stopReason: "stopped",
      hasMedia: false,
    });
    expect(captures.counters.captures).toBe(0);
  });

  test("at its maximum duration", async () => {
    await captures.start(request());
    pass(59_999);
    captures.tick(0);
    expect(await captures.state("recording_1")).toMatchObject({ status: "recording" });
    pass(1);
    captures.tick(0);
    await vi.waitFor(
      async () => expect((await described()).stopReason).toBe("max_duration"),
      patience,
    );
  });

  test("when the disk runs full, before it is", async () => {
    await captures.start(request());
    free = 999;
    captures.tick(0);
    await vi.waitFor(
      async () => expect((await described()).stopReason).toBe("disk_full"),
      patience,
    );
  });

  test("when it has had its share of the disk, and no other with it", async () => {
    await captures.start(request("recording_1", "r"));
    await captures.start(request("recording_2", "other"));
    await captures.suspend();
    await writeFile(join(folder("recording_1"), "track0001-video.webm"), Buffer.alloc(600_000));
    await writeFile(join(folder("recording_2"), "track0001-video.webm"), Buffer.alloc(300_000));
    captures = open();
    await captures.recover();
    free = 1000 + 700_000;
    captures.tick(0);
    await eachDiskLook();
    expect(await captures.state("recording_1")).toMatchObject({ status: "recording" });
    free = 1000 + 500_000;
    captures.tick(1000);
    await vi.waitFor(
      async () => expect((await described()).stopReason).toBe("disk_share"),
      patience,
    );
    captures.tick(2000);
    await eachDiskLook();
    expect(await captures.state("recording_2")).toMatchObject({ status: "recording" });
  });

  test("with its room", async () => {
    await captures.start(request("recording_1", "r"));
    await captures.start(request("recording_2", "other"));
    await captures.closeRoom("r");
    expect((await described("recording_1")).stopReason).toBe("room_closed");
    expect((await described("recording_2")).sealed).toBe(false);
  });

  test("also when its folder is gone", async () => {
    await captures.start(request());
    await rm(folder(), { recursive: true });
    await captures.stop("recording_1", "stopped");
    await vi.waitFor(() => expect(captures.size).toBe(0), patience);
  });

  test("never started, a stop finds nothing", async () => {
    expect(await captures.stop("recording_9", "stopped")).toEqual({ status: "closed" });
  });
});

describe("a folder of which processes die", () => {
  /** What a process leaves behind that dies while it works on a capture. */
  const deaths = async (count: number) => {
    for (let death = 0; death < count; death++) {
      const died = attempted(folder("recording_1"), count, () => new Promise<never>(() => {}));
      died.catch(() => undefined);
      await vi.waitFor(
        async () => expect(await attemptsAt(folder("recording_1"))).toBe(death + 1),
        patience,
      );
    }
  };
  const leftOpen = async () => {
    await captures.start(request("recording_1", "r"));
    await captures.start(request("recording_2", "other"));
    await captures.suspend();
  };

  test("is continued after one of them", async () => {
    await leftOpen();
    await deaths(1);
    const next = open();
    await next.recover();
    expect(await next.state("recording_1")).toMatchObject({ status: "recording" });
    expect(await attemptsAt(folder("recording_1"))).toBe(0);
  });

  test("is only sealed after two, and no other is touched", async () => {
    await leftOpen();
    await deaths(2);
    const next = open();
    await next.recover();
    expect(await next.state("recording_1")).toEqual({ status: "closed" });
    await vi.waitFor(
      async () => expect((await described("recording_1")).stopReason).toBe("recorder_failed"),
      patience,
    );
    expect(await next.state("recording_2")).toMatchObject({ status: "recording" });
  });

  test("is left alone in the end, with a reason that ends its recording", async () => {
    await leftOpen();
    await deaths(4);
    const next = open();
    await next.recover();
    expect(await next.state("recording_2")).toMatchObject({ status: "recording" });
    expect(await next.stop("recording_1", "stopped")).toEqual({ status: "closed" });
    expect(await readCapture(folder("recording_1"))).toMatchObject({ status: "failed" });
  });
});

describe("the next process", () => {
  test("continues what the last one left open, and only that", async () => {
    await captures.start(request("recording_1", "r"));
    await captures.start(request("recording_2", "other"));
    await captures.stop("recording_2", "stopped");
    await captures.suspend();
    await appendFile(join(folder(), "events.jsonl"), '{"type":"torn');
    const next = open();
    const resumed = next.recover();
    expect(await next.state("recording_1")).toMatchObject({ status: "recording", startedAt: wall });
    await resumed;
    expect(await next.state("recording_2")).toEqual({ status: "closed" });
    await next.stop("recording_1", "stopped");
    const events = await readFile(join(folder(), "events.jsonl"), "utf8");
    expect(events).toContain('"captureResume"');
    expect(events).not.toContain("torn");
  });

  test("seals one whose time is over", async () => {
    await captures.start(request());
    await captures.suspend();
    pass(60_000);
    const next = open();
    await next.recover();
    next.tick(0);
    await vi.waitFor(
      async () => expect((await described()).stopReason).toBe("max_duration"),
      patience,
    );
  });

  test("is not held up by damaged folders", async () => {
    await mkdir(folder("recording_2"), { recursive: true });
    await writeFile(join(folder("recording_2"), "events.jsonl"), "garbage\n");
    await mkdir(dirname(folder("recording_3")), { recursive: true });
    await captures.start(request());
    await captures.suspend();
    expect((await unsealedCaptures(recordingsDir)).map(({ recordingId }) => recordingId)).toEqual([
      "recording_1",
    ]);
  });
});

describe("a pause", () => {
  const told = () => roomOf("r").capture?.notice;

  test("is told of the room, and a repeat changes nothing", async () => {
    expect(told()).toBeUndefined();
    await captures.start(request());
    const known = { recordingId: "recording_1", startedAt: wall, pausedAt: null, pausedMs: 0 };
    expect(told()).toEqual({ ...known, paused: false });
    const paused = await captures.pause("recording_1");
    expect(paused).toMatchObject({ status: "recording", pausedAt: wall });
    expect(await captures.pause("recording_1")).toEqual(paused);
    expect(told()).toEqual({ ...known, paused: true, pausedAt: wall });
    pass(3000);
    await captures.resume("recording_1");
    expect(told()).toEqual({ ...known, paused: false, pausedMs: 3000 });
    await captures.stop("recording_1", "stopped");
    expect(told()).toBeUndefined();
    expect((await described()).pauses).toHaveLength(1);
  });

  test("outlives the process, and counts for the maximum duration", async () => {
    await captures.start(request());
    await captures.pause("recording_1");
    await captures.suspend();
    const next = open();
    await next.recover();
    expect(await next.state("recording_1")).toMatchObject({ pausedAt: wall });
    pass(60_000);
    next.tick(0);
    await vi.waitFor(
      async () =>
        expect(await described()).toMatchObject({ stopReason: "max_duration", durationMs: 0 }),
      patience,
    );
  });

  test("of what is not captured answers what there is", async () => {
    expect(await captures.pause("recording_1")).toEqual({ status: "closed" });
    await captures.start(request());
    await captures.stop("recording_1", "stopped");
    expect(await captures.resume("recording_1")).toEqual({ status: "closed" });
  });
});

test("only a closed capture is deleted, twice is fine", async () => {
  await captures.start(request());
  await expect(captures.remove("recording_1")).rejects.toMatchObject({ code: "CONFLICT" });
  await captures.stop("recording_1", "stopped");
  await captures.remove("recording_1");
  await captures.remove("recording_1");
  await expect(stat(dirname(folder()))).rejects.toThrow();
});
