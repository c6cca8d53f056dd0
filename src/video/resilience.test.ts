import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AppError, type ErrorCode, type ErrorMetadata } from "../core/errors.ts";
import { silentLog } from "../core/log.ts";
import type { ProviderRecording, RecordingStartRequest, VideoProvider } from "./port.ts";
import { type ResilienceOptions, withResilience } from "./resilience.ts";

/** What the scripted provider does when called: answer, fail, fail after a while, or never answer. */
type Step = ProviderRecording | Error | { afterMs: number; next: Step } | "hang";

const request: RecordingStartRequest = {
  meetingId: "m",
  roomId: "r",
  recordingId: "rec",
  config: { quality: "720p", layout: "grid", audioOnly: false },
  maxDurationMs: 60_000,
};
const room = { meetingId: "m", roomId: "r" };
const recording: ProviderRecording = { status: "recording", startedAt: 1 };
const starting: ProviderRecording = { status: "starting" };
const absent: ProviderRecording = { status: "absent" };
const sealed: ProviderRecording = {
  status: "sealed",
  startedAt: 1,
  stoppedAt: 2,
  stopReason: "requested",
  hasMedia: true,
  gaps: [],
  pauses: [],
  tracks: [],
  problems: [],
};

const error = (code: ErrorCode, metadata?: ErrorMetadata) => new AppError(code, "x", metadata);
const broken = () => error("STREAM_ERROR", { operation: "x" });
const status = (providerStatus: number, more?: ErrorMetadata) =>
  error("STREAM_ERROR", { providerStatus, ...more });
const timedOut = () => error("EXTERNAL_SERVICE_TIMEOUT");

class ScriptedProvider {
  readonly calls: string[] = [];
  readonly #scripts: Record<string, Step[]>;

  readonly #absentGraceMs: number;

  constructor(scripts: Record<string, Step[]>, absentGraceMs = 0) {
    this.#scripts = scripts;
    this.#absentGraceMs = absentGraceMs;
  }

  count(operation: string): number {
    return this.calls.filter((call) => call === operation).length;
  }

  async #step(operation: string): Promise<ProviderRecording> {
    this.calls.push(operation);
    const script = this.#scripts[operation] ?? [];
    const step = script.length > 1 ? script.shift() : script[0];
    return this.#play(step ?? recording);
  }

  async #play(step: Step): Promise<ProviderRecording> {
    if (step === "hang") return new Promise(() => undefined);
    if (step instanceof Error) throw step;
    if ("status" in step) return step;
    await new Promise((resolve) => setTimeout(resolve, step.afterMs));
    return this.#play(step.next);
  }

  asProvider(): VideoProvider {
    const quiet = async (operation: string) => {
      await this.#step(operation);
    };
    return {
      name: "getstream",
      capabilities: {
        maxParticipants: 1,
        startsWithoutPublishers: false,
        pauses: false,
        composesLocally: false,
        reportsPresence: false,
        statePollMs: 1,
        absentGraceMs: this.#absentGraceMs,
      },
      createRoom: () => quiet("createRoom"),
      token: async () => {
        await quiet("token");
        return { token: "t", expiresAt: 1 };
      },
      startRecording: () => this.#step("startRecording"),
      stopRecording: () => this.#step("stopRecording"),
      pauseRecording: () => this.#step("pauseRecording"),
      resumeRecording: () => this.#step("resumeRecording"),
      recordingState: () => this.#step("recordingState"),
      deleteRecording: async () => {
        await quiet("deleteRecording");
        return true;
      },
      fileLink: async () => {
        await quiet("fileLink");
        return undefined;
      },
      removeParticipant: () => quiet("removeParticipant"),
      closeRoom: () => quiet("closeRoom"),
      onPresence: () => () => undefined,
      close: () => quiet("close"),
    };
  }
}

interface Scripted extends Partial<ResilienceOptions> {
  absentGraceMs?: number;
}

function scripted(scripts: Record<string, Step[]>, { absentGraceMs, ...options }: Scripted = {}) {
  const provider = new ScriptedProvider(scripts, absentGraceMs);
  const video = withResilience(provider.asProvider(), {
    log: silentLog,
    random: () => 0.5,
    ...options,
  });
  return { provider, video, calls: provider.calls };
}

/** The outcome and how long it took on the fake clock, ms. */
async function timed<T>(promise: Promise<T>) {
  const begun = Date.now();
  const settled = promise.then(
    (value) => ({ value, error: undefined, ms: Date.now() - begun }),
    (thrown: unknown) => ({ value: undefined, error: thrown, ms: Date.now() - begun }),
  );
  await vi.advanceTimersByTimeAsync(30_000);
  return settled;
}

const openMs = 30_000;
/** Opens the breaker of `operation` by failing calls that do not retry. */
const impatient = {
  limits: { maxAttempts: 1, openMs, breaker: { failureRate: 0.5, windowMs: 60_000, minCalls: 4 } },
};

async function openBreaker(video: VideoProvider) {
  for (let i = 0; i < 4; i++) await video.createRoom(spec).catch(() => undefined);
}
const spec = { ...room, title: "t", organizer: { userId: "u", name: "U" }, maxParticipants: 2 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a start without a clear answer", () => {
  const cases: [string, Record<string, Step[]>, ProviderRecording, string[]][] = [
    [
      "is not sent again when it turns out to be recording",
      { startRecording: [timedOut()], recordingState: [recording] },
      recording,
      ["startRecording", "recordingState"],
    ],
    [
      "is not sent again when it turns out to be starting",
      { startRecording: [broken()], recordingState: [starting] },
      starting,
      ["startRecording", "recordingState"],
    ],
    [
      "is not sent again when it is over already",
      { startRecording: [status(500)], recordingState: [sealed] },
      sealed,
      ["startRecording", "recordingState"],
    ],
    [
      "is not sent again when it has failed at the provider",
      { startRecording: [status(500)], recordingState: [{ status: "failed", reason: "x" }] },
      { status: "failed", reason: "x" },
      ["startRecording", "recordingState"],
    ],
    [
      "is sent again when the provider knows nothing of it",
      { startRecording: [status(502), recording], recordingState: [absent] },
      recording,
      ["startRecording", "recordingState", "startRecording"],
    ],
    [
      "is looked at again, not sent again, while its state cannot be read",
      { startRecording: [timedOut()], recordingState: [status(500), recording] },
      recording,
      ["startRecording", "recordingState", "recordingState"],
    ],
    [
      "is looked at once more after the last attempt",
      { startRecording: [broken()], recordingState: [absent, absent, recording] },
      recording,
      [
        "startRecording",
        "recordingState",
        "startRecording",
        "recordingState",
        "startRecording",
        "recordingState",
      ],
    ],
    [
      "is abandoned when it hangs, and found",
      { startRecording: ["hang"], recordingState: [recording] },
      recording,
      ["startRecording", "recordingState"],
    ],
    [
      "counts when it succeeds after it was given up",
      {
        startRecording: [{ afterMs: 4_800, next: recording }],
        recordingState: [{ afterMs: 200, next: absent }],
      },
      recording,
      ["startRecording", "recordingState"],
    ],
  ];

  test.each(cases)("%s", async (_, scripts, expected, sequence) => {
    const { video, calls } = scripted(scripts);
    const { value, ms } = await timed(video.startRecording(request));
    expect(value).toEqual(expected);
    expect(calls).toEqual(sequence);
    expect(ms).toBeLessThanOrEqual(10_000);
  });

  test("ends as a time-out with an unknown outcome when nothing can be learnt", async () => {
    const { video, provider } = scripted({
      startRecording: [status(500)],
      recordingState: [broken()],
    });
    const { error: thrown } = await timed(video.startRecording(request));
    expect(thrown).toMatchObject({
      code: "EXTERNAL_SERVICE_TIMEOUT",
      metadata: { service: "getstream", operation: "startRecording", outcome: "unknown" },
    });
    expect(provider.count("startRecording")).toBe(1);
  });

  test("ends as the provider's failure when it is certain that nothing was started", async () => {
    const { video, provider } = scripted({
      startRecording: [status(500)],
      recordingState: [absent],
    });
    const { error: thrown } = await timed(video.startRecording(request));
    expect(thrown).toMatchObject({ code: "STREAM_ERROR", metadata: { providerStatus: 500 } });
    expect(provider.count("startRecording")).toBe(3);
  });

  const unknown = { code: "EXTERNAL_SERVICE_TIMEOUT", metadata: { outcome: "unknown" } };

  test("ends with an unknown outcome where what has started may not show yet", async () => {
    const { video, provider } = scripted(
      { startRecording: [broken()], recordingState: [absent] },
      { absentGraceMs: 60_000 },
    );
    const { error: thrown } = await timed(video.startRecording(request));
    expect(thrown).toMatchObject(unknown);
    expect(provider.count("startRecording")).toBe(3);
  });

  test.each([
    ["a rate limit", status(429, { outcome: "none" })],
    ["a refusal", error("MEETING_NOT_ACTIVE")],
  ])("stays unknown when the next attempt ends with %s", async (_, last) => {
    const { video } = scripted(
      { startRecording: [status(502), last], recordingState: [absent] },
      { absentGraceMs: 60_000 },
    );
    const { error: thrown } = await timed(video.startRecording(request));
    expect(thrown).toMatchObject(unknown);
  });

  test("ends with the last attempt's failure where nothing is left out of sight", async () => {
    const last = error("MEETING_NOT_ACTIVE");
    const { video } = scripted({ startRecording: [status(502), last], recordingState: [absent] });
    const { error: thrown } = await timed(video.startRecording(request));
    expect(thrown).toMatchObject({ code: "MEETING_NOT_ACTIVE" });
  });

  test("is not sent again once nobody wants it: it may have been started, and stopped", async () => {
    const { video, calls } = scripted({ startRecording: [status(502)], recordingState: [absent] });
    const isWanted = async () => false;
    const { error: thrown } = await timed(video.startRecording({ ...request, isWanted }));
    expect(thrown).toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "stopped_before_start" },
    });
    expect(calls).toEqual(["startRecording", "recordingState"]);
  });

  test("needs no look when nothing was sent", async () => {
    const { video, calls } = scripted({ startRecording: [status(500, { outcome: "none" })] });
    await timed(video.startRecording(request));
    expect(calls).toEqual(["startRecording", "startRecording", "startRecording"]);
  });
});

describe("a stop without a clear answer", () => {
  test.each([
    ["sealed", sealed, ["stopRecording", "recordingState"]],
    ["absent", absent, ["stopRecording", "recordingState"]],
    ["recording", recording, ["stopRecording", "recordingState", "stopRecording"]],
  ] as [string, ProviderRecording, string[]][])(
    "is settled by the state: %s",
    async (_, state, sequence) => {
      const { video, calls } = scripted({
        stopRecording: [timedOut(), recording],
        recordingState: [state],
      });
      const { value } = await timed(video.stopRecording(request));
      expect(value).toEqual(state);
      expect(calls).toEqual(sequence);
    },
  );
});

describe("retry", () => {
  test.each([
    ["MEETING_NOT_ACTIVE", error("MEETING_NOT_ACTIVE", { reason: "nobody_in_call" })],
    ["VALIDATION_ERROR", error("VALIDATION_ERROR")],
    ["a refusal of the provider", status(400, { outcome: "none" })],
    ["our own breakage", new TypeError("bug")],
  ])("never repeats %s", async (_, thrown) => {
    const { video, calls } = scripted({ createRoom: [thrown] });
    const result = await timed(video.createRoom(spec));
    expect(result.error).toBe(thrown);
    expect(calls).toEqual(["createRoom"]);
    expect(result.ms).toBe(0);
  });

  test("waits longer each time, with the injected jitter", async () => {
    for (const [random, expected] of [
      [0, 150 + 300],
      [0.5, 225 + 450],
      [0.999_999, 300 + 600],
    ] as const) {
      const { video } = scripted({ createRoom: [broken()] }, { random: () => random });
      const { ms } = await timed(video.createRoom(spec));
      expect(ms - expected).toBeGreaterThanOrEqual(0);
      expect(ms - expected).toBeLessThan(10);
    }
  });

  test("waits as long as a rate limit asks, when that fits", async () => {
    const limited = status(429, { retryAfterMs: 3_000, outcome: "none" });
    const { video } = scripted({ createRoom: [limited, recording] });
    const { error: thrown, ms } = await timed(video.createRoom(spec));
    expect(thrown).toBeUndefined();
    expect(ms).toBe(3_000);
  });

  test("answers a rate limit that outlasts the budget at once, with its hint", async () => {
    const limited = status(429, { retryAfterMs: 45_000, outcome: "none" });
    const { video, calls } = scripted({ createRoom: [limited] });
    const { error: thrown, ms } = await timed(video.createRoom(spec));
    expect(thrown).toBe(limited);
    expect([calls.length, ms]).toEqual([1, 0]);
  });

  test("keeps all attempts together within the budget", async () => {
    const { video, provider } = scripted({ startRecording: ["hang"], recordingState: ["hang"] });
    const { error: thrown, ms } = await timed(video.startRecording(request));
    expect(thrown).toMatchObject({
      code: "EXTERNAL_SERVICE_TIMEOUT",
      metadata: { outcome: "unknown" },
    });
    expect(ms).toBeLessThanOrEqual(10_000);
    expect(provider.count("startRecording")).toBe(1);
  });

  test("tells the budget when it is spent between attempts", async () => {
    const slow: Step = { afterMs: 900, next: broken() };
    const { video } = scripted({ createRoom: [slow] }, { budgetMs: 1_000 });
    const { error: thrown, ms } = await timed(video.createRoom(spec));
    expect(thrown).toMatchObject({
      code: "EXTERNAL_SERVICE_TIMEOUT",
      metadata: { service: "getstream", operation: "createRoom", timeoutMs: 1_000 },
    });
    expect(ms).toBeLessThan(910);
  });

  test("an attempt that hangs is given up in its own time", async () => {
    const { video } = scripted({ createRoom: ["hang", recording] });
    const { error: thrown, ms } = await timed(video.createRoom(spec));
    expect(thrown).toBeUndefined();
    expect(ms).toBeLessThan(4_500 + 225 + 10);
  });
});

describe("abort", () => {
  test("ends a running attempt at once with the caller's reason", async () => {
    const { video } = scripted({ startRecording: ["hang"] });
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("shutting down")), 100);
    const { error: thrown, ms } = await timed(video.startRecording(request, controller.signal));
    expect(thrown).toMatchObject({ message: "shutting down" });
    expect(ms).toBe(100);
  });

  test("wakes a sleeping backoff and does not try again", async () => {
    const { video, calls } = scripted({ startRecording: [broken()] });
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("shutting down")), 100);
    const { error: thrown, ms } = await timed(video.startRecording(request, controller.signal));
    expect(thrown).toMatchObject({ message: "shutting down" });
    expect(calls).toEqual(["startRecording"]);
    expect(ms).toBe(100);
  });

  test("before the call sends nothing", async () => {
    const { video, calls } = scripted({});
    await timed(video.startRecording(request, AbortSignal.abort(new Error("no"))));
    expect(calls).toEqual([]);
  });

  test("counts neither as a failure nor, of a probe, as a recovery", async () => {
    const { video } = scripted(
      { createRoom: [broken(), broken(), broken(), broken(), "hang"] },
      impatient,
    );
    await openBreaker(video);
    await vi.advanceTimersByTimeAsync(openMs);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("gone")), 100);
    await timed(video.createRoom(spec, controller.signal));
    expect(stateOf(video, "createRoom")).toBe("open");
  });
});

describe("breaker", () => {
  test("opens at the failure rate and answers at once, nothing sent", async () => {
    const { video, provider } = scripted({ createRoom: [broken()] }, impatient);
    await openBreaker(video);
    const { error: thrown, ms } = await timed(video.createRoom(spec));
    expect(thrown).toMatchObject({
      code: "EXTERNAL_SERVICE_TIMEOUT",
      metadata: {
        service: "getstream",
        operation: "createRoom",
        breaker: "open",
        retryAfterMs: openMs,
      },
    });
    expect(ms).toBe(0);
    expect(provider.count("createRoom")).toBe(4);
  });

  test("is never retried with waits while open", async () => {
    const { video } = scripted(
      { createRoom: [broken()] },
      {
        limits: { openMs: 60_000, breaker: { failureRate: 0.5, windowMs: 60_000, minCalls: 3 } },
      },
    );
    await timed(video.createRoom(spec).catch(() => undefined));
    expect((await timed(video.createRoom(spec))).ms).toBe(0);
  });

  test("tells how the call failed when it opens in the middle of it", async () => {
    const { video, provider } = scripted(
      { createRoom: [broken()] },
      { limits: { breaker: { failureRate: 0.5, windowMs: 60_000, minCalls: 2 } } },
    );
    const { error: thrown } = await timed(video.createRoom(spec));
    expect(thrown).toMatchObject({ code: "STREAM_ERROR" });
    expect(provider.count("createRoom")).toBe(2);
  });

  test("is one for each operation", async () => {
    const { video } = scripted({ createRoom: [broken()] }, impatient);
    await openBreaker(video);
    expect(stateOf(video, "createRoom")).toBe("open");
    await expect(video.recordingState(request)).resolves.toEqual(recording);
    await expect(
      video.token({ ...room, user: { id: "u", name: "U" }, role: "host", maxParticipants: 2 }),
    ).resolves.toBeDefined();
  });

  test.each([
    ["a caller's mistake", error("VALIDATION_ERROR")],
    ["an empty call", error("MEETING_NOT_ACTIVE")],
    ["a refusal", status(400)],
    ["a rate limit", status(429, { retryAfterMs: 60_000 })],
    ["our own breakage", new TypeError("bug")],
  ])("does not count %s", async (_, thrown) => {
    const { video, provider } = scripted({ createRoom: [thrown] }, impatient);
    for (let i = 0; i < 10; i++) await video.createRoom(spec).catch(() => undefined);
    expect(stateOf(video, "createRoom")).toBe("closed");
    expect(provider.count("createRoom")).toBe(10);
  });

  test("lets exactly one probe through half-open and closes when it succeeds", async () => {
    const probe: Step = { afterMs: 50, next: recording };
    const { video, provider } = scripted(
      { createRoom: [broken(), broken(), broken(), broken(), probe, recording] },
      impatient,
    );
    await openBreaker(video);
    await vi.advanceTimersByTimeAsync(openMs);
    const all = Array.from({ length: 5 }, () => video.createRoom(spec));
    expect(stateOf(video, "createRoom")).toBe("halfOpen");
    const { value } = await timed(Promise.allSettled(all));
    expect(value?.map(({ status: settled }) => settled)).toEqual([
      "fulfilled",
      "rejected",
      "rejected",
      "rejected",
      "rejected",
    ]);
    expect(provider.count("createRoom")).toBe(5);
    expect(stateOf(video, "createRoom")).toBe("closed");
    await expect(video.createRoom(spec)).resolves.toBeUndefined();
  });

  test("tells how many failures count", async () => {
    const { video } = scripted({ createRoom: [recording, broken()] }, impatient);
    const failures = () =>
      video.breakers().find(({ operation }) => operation === "createRoom")?.failures;
    await openBreaker(video);
    expect(failures()).toBe(3);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(failures()).toBe(0);
  });

  test("lets calls through after a reset, whatever calls of before come to", async () => {
    const late: Step = { afterMs: 50, next: broken() };
    const { video, provider } = scripted(
      { createRoom: [late, broken(), broken(), broken(), broken(), recording] },
      impatient,
    );
    const before = video.createRoom(spec).catch(() => undefined);
    await openBreaker(video);
    video.resetBreaker("recordingState");
    video.resetBreaker("nothing of the kind");
    expect(stateOf(video, "createRoom")).toBe("open");
    video.resetBreaker("createRoom");
    await timed(before);
    expect(video.breakers()[0]).toMatchObject({ state: "closed", failures: 0 });
    await expect(video.createRoom(spec)).resolves.toBeUndefined();
    expect(provider.count("createRoom")).toBe(6);
  });

  test("opens again when the probe fails", async () => {
    const { video, provider } = scripted({ createRoom: [broken()] }, impatient);
    await openBreaker(video);
    await vi.advanceTimersByTimeAsync(openMs);
    await video.createRoom(spec).catch(() => undefined);
    expect(stateOf(video, "createRoom")).toBe("open");
    await video.createRoom(spec).catch(() => undefined);
    expect(provider.count("createRoom")).toBe(5);
  });

  test("closes on a probe the provider refuses: it is well again", async () => {
    const { video } = scripted(
      { createRoom: [broken(), broken(), broken(), broken(), status(400)] },
      impatient,
    );
    await openBreaker(video);
    await vi.advanceTimersByTimeAsync(openMs);
    await video.createRoom(spec).catch(() => undefined);
    expect(stateOf(video, "createRoom")).toBe("closed");
  });

  test("tells every change of state", async () => {
    const changes: { operation: string; state: string }[] = [];
    const { video } = scripted(
      { createRoom: [broken(), broken(), broken(), broken(), recording] },
      { ...impatient, onStateChange: (change) => changes.push(change) },
    );
    await openBreaker(video);
    await vi.advanceTimersByTimeAsync(openMs);
    await video.createRoom(spec);
    expect(changes.map(({ operation, state }) => `${operation} ${state}`)).toEqual([
      "createRoom open",
      "createRoom halfOpen",
      "createRoom closed",
    ]);
  });
});

test("every other call of the port reaches the provider", async () => {
  const { video, calls } = scripted({});
  await video.deleteRecording(request);
  await video.fileLink(request);
  await video.removeParticipant(room, "u");
  await video.closeRoom(room);
  video.onPresence(() => undefined)();
  await video.close();
  expect(calls).toEqual(["deleteRecording", "fileLink", "removeParticipant", "closeRoom", "close"]);
  expect(video.breakers().map(({ state }) => state)).toEqual(Array(10).fill("closed"));
});

function stateOf(video: VideoProvider, operation: string) {
  const { breakers } = video as ReturnType<typeof withResilience>;
  return breakers().find((one) => one.operation === operation)?.state;
}
