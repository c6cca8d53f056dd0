import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { isAppError } from "../../../src/core/errors.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { Fault } from "../../../src/synth/getstream/faults.ts";
import { isTransient, mayHaveHappened } from "../../../src/video/faults.ts";
import { GetStreamVideoProvider } from "../../../src/video/getstream/provider.ts";
import type { ProviderRate, ProviderRecording } from "../../../src/video/port.ts";
import { type ResilientVideoProvider, withResilience } from "../../../src/video/resilience.ts";
import { patience, takeTime } from "../../support/patience.ts";
import {
  goLive,
  openScene,
  recordingOf,
  room,
  type Scene,
  type SceneOptions,
  spec,
} from "../support/getstream.ts";

takeTime();

let scene: Scene;
afterEach(() => scene.close());

async function liveScene(options: SceneOptions = {}): Promise<Scene> {
  scene = await openScene(options);
  goLive(scene);
  return scene;
}

const start = 1_800_000_000_000;

/** A scene whose time stands still until it is passed; epoch ms `start`. */
async function rated(perMinute: number, more: SceneOptions = {}) {
  let now = start;
  const clock = { ...systemClock, now: () => now };
  const told: ProviderRate[] = [];
  const onScarce = (rate: ProviderRate) => told.push(rate);
  const options = { ...more, perMinute, onScarce, now: () => now, clock };
  const live = await liveScene({ requestTimeoutMs: patience.timeout, ...options });
  const pass = (ms: number) => {
    now += ms;
  };
  return { ...live, told, pass };
}

/** Long enough for a busy machine, short enough to wait for. */
const quick = { requestTimeoutMs: 2_500 };
const timeout = { service: "getstream", timeoutMs: 2_500 };
const lateMs = 4_000;
/** Only what does not answer in time is given up. */
const limitOf = ({ kind }: Fault): SceneOptions =>
  kind === "hang" || kind === "delay" ? quick : { requestTimeoutMs: patience.timeout };

describe("what goes wrong at Stream is told as", () => {
  const cases: [string, Fault, string, object][] = [
    [
      "a refusal",
      { kind: "status", status: 400, code: 4 },
      "STREAM_ERROR",
      { providerStatus: 400, providerCode: 4 },
    ],
    [
      "bad credentials",
      { kind: "status", status: 401, code: 43 },
      "STREAM_ERROR",
      { providerStatus: 401, providerCode: 43 },
    ],
    [
      "a suspended application",
      { kind: "status", status: 403, code: 99 },
      "STREAM_ERROR",
      { providerStatus: 403, providerCode: 99 },
    ],
    [
      "an internal error",
      { kind: "status", status: 500, code: -1 },
      "STREAM_ERROR",
      { providerStatus: 500, providerCode: -1 },
    ],
    ["an edge's page", { kind: "html", status: 502 }, "STREAM_ERROR", { providerStatus: 502 }],
    ["a dropped connection", { kind: "drop" }, "STREAM_ERROR", {}],
    ["broken JSON", { kind: "malformed" }, "STREAM_ERROR", {}],
    ["a slow answer", { kind: "delay", ms: lateMs }, "EXTERNAL_SERVICE_TIMEOUT", timeout],
    ["silence", { kind: "hang" }, "EXTERNAL_SERVICE_TIMEOUT", timeout],
  ];

  test.each(cases)("%s", async (_, fault, code, metadata) => {
    const { provider, standIn } = await liveScene(limitOf(fault));
    standIn.fault("GetCall", fault);
    const thrown: unknown = await provider.recordingState(recordingOf()).catch((e: unknown) => e);
    expect(thrown).toMatchObject({ code, metadata: { operation: "recordingState", ...metadata } });
    if (isAppError(thrown)) {
      const told = JSON.stringify(thrown.toData());
      for (const secret of ["injected", standIn.apiSecret, standIn.apiKey, "127.0.0.1"])
        expect(told).not.toContain(secret);
    }
  });

  test("a rate limit, with the time until it ends", async () => {
    const { provider, standIn } = await rated(1_000);
    standIn.fault("GetCall", { kind: "rateLimit", resetAt: start + 12_000 });
    await expect(provider.recordingState(recordingOf())).rejects.toMatchObject({
      code: "STREAM_ERROR",
      metadata: { providerStatus: 429, providerCode: 9, retryAfterMs: 12_000 },
    });
  });

  test("an unreachable server", async () => {
    const { provider, standIn } = await liveScene();
    await standIn.close();
    await expect(provider.closeRoom(room)).rejects.toMatchObject({
      code: "STREAM_ERROR",
      metadata: { operation: "closeRoom", outcome: "none" },
    });
  });

  test("a wrong secret", async () => {
    scene = await openScene({ secret: "another" });
    await expect(scene.provider.createRoom(spec)).rejects.toMatchObject({
      code: "STREAM_ERROR",
      metadata: { operation: "createRoom", providerStatus: 401, providerCode: 43 },
    });
  });
});

describe("a start is refused", () => {
  test("while nobody is in the call, without touching it", async () => {
    scene = await openScene();
    await scene.provider.createRoom(spec);
    await expect(scene.provider.startRecording(recordingOf())).rejects.toMatchObject({
      code: "MEETING_NOT_ACTIVE",
      metadata: { reason: "nobody_in_call" },
    });
    expect(scene.standIn.operations().slice(2)).toEqual(["GetCall"]);
  });

  test("when the last one has just left", async () => {
    const { provider, standIn } = await liveScene();
    const { calls } = standIn;
    const update = calls.update.bind(calls);
    calls.update = (id, ...rest) => {
      const call = update(id, ...rest);
      calls.leave(id, "host");
      return call;
    };
    await expect(provider.startRecording(recordingOf())).rejects.toMatchObject({
      code: "MEETING_NOT_ACTIVE",
      metadata: { reason: "nobody_in_call" },
    });
  });

  test("when the call has ended", async () => {
    const { provider } = await liveScene();
    await provider.closeRoom(room);
    await expect(provider.startRecording(recordingOf())).rejects.toMatchObject({
      code: "MEETING_NOT_ACTIVE",
      metadata: { reason: "call_ended" },
    });
  });

  test("when Stream does not know the room", async () => {
    scene = await openScene();
    await expect(scene.provider.startRecording(recordingOf())).rejects.toMatchObject({
      code: "STREAM_ERROR",
      metadata: { operation: "startRecording", providerStatus: 404, providerCode: 16 },
    });
  });

  test("when Stream refuses it for another reason, told as such", async () => {
    const { provider, standIn } = await liveScene();
    standIn.fault("StartRecording", { kind: "status", status: 400, code: 4 });
    await expect(provider.startRecording(recordingOf())).rejects.toMatchObject({
      code: "STREAM_ERROR",
      metadata: { providerStatus: 400, outcome: "none" },
    });
  });
});

describe("a start that Stream refuses, and a call that cannot be read then", () => {
  const resetAt = start + 1_000;

  /** Refuses the look after the `nth` start. */
  async function sceneRefusing(nth: number) {
    let sent = 0;
    return rated(1_000, {
      captureAtOnce: false,
      onStage: (operation, stage) => {
        const isIt = operation === "StartRecording" && stage === "carried out" && ++sent === nth;
        if (isIt) scene.standIn.fault("GetCall", { kind: "rateLimit", resetAt });
        return false;
      },
    });
  }

  test("is not known to be over when an earlier one may have been accepted", async () => {
    const { provider, standIn, pass } = await sceneRefusing(2);
    standIn.fault("StartRecording", { kind: "drop", accept: true });
    const request = recordingOf();
    await expect(provider.startRecording(request)).rejects.toMatchObject({ code: "STREAM_ERROR" });
    const error: unknown = await provider
      .startRecording(request)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "EXTERNAL_SERVICE_TIMEOUT",
      metadata: { service: "getstream", operation: "startRecording" },
    });
    expect(mayHaveHappened(error)).toBe(true);
    pass(resetAt - start);
    expect((await provider.startRecording(request)).status).toBe("starting");
    expect(standIn.calls.get(room.roomId).startsAccepted).toBe(1);
  });

  test("is tried again otherwise: who records it already is found then", async () => {
    const { provider, standIn } = await sceneRefusing(1);
    standIn.fault("StartRecording", { kind: "status", status: 400, code: 4 });
    const error: unknown = await provider
      .startRecording(recordingOf())
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "STREAM_ERROR", metadata: { providerStatus: 429 } });
    expect([isTransient(error), mayHaveHappened(error)]).toEqual([true, false]);
  });
});

describe("what is already so is no failure", () => {
  test("a call recorded already is taken over", async () => {
    const { provider, standIn } = await liveScene();
    standIn.calls.startRecording(room.roomId);
    const request = recordingOf();
    const answer = await provider.startRecording(request);
    expect(answer).toMatchObject({ status: "recording", providerRef: { callType: "default" } });
    await provider.stopRecording(request);
    expect((await provider.recordingState(request)).status).toBe("sealed");
  });

  test("a start that another one overtook is answered as recording", async () => {
    const { provider, standIn } = await liveScene();
    const { calls } = standIn;
    const update = calls.update.bind(calls);
    calls.update = (id, ...rest) => {
      const call = update(id, ...rest);
      calls.startRecording(id);
      return call;
    };
    const answer = await provider.startRecording(recordingOf());
    expect(answer.status).toBe("recording");
    expect(calls.get(room.roomId).startsAccepted).toBe(1);
  });

  test("a capture that ended by itself is stopped already", async () => {
    const { provider, standIn } = await liveScene({ filesAtOnce: false });
    const request = recordingOf();
    await provider.startRecording(request);
    await provider.recordingState(request);
    standIn.calls.endSession(room.roomId);
    expect((await provider.stopRecording(request)).status).toBe("finishing");
    standIn.calls.finishFiles(room.roomId);
    expect(await provider.stopRecording(request)).toMatchObject({
      status: "sealed",
      stopReason: "session_ended",
    });
  });

  test("a stop that another one overtook", async () => {
    const { provider, standIn } = await liveScene();
    const request = recordingOf();
    await provider.startRecording(request);
    standIn.fault("StopRecording", { kind: "status", status: 400, code: 4, accept: true });
    expect((await provider.stopRecording(request)).status).toBe("sealed");
  });

  test("a stop Stream refuses while it records is a failure all the same", async () => {
    const { provider, standIn } = await liveScene();
    const request = recordingOf();
    await provider.startRecording(request);
    standIn.fault("StopRecording", { kind: "status", status: 400, code: 4 });
    await expect(provider.stopRecording(request)).rejects.toMatchObject({ code: "STREAM_ERROR" });
  });

  test("a room that is gone", async () => {
    const { provider, standIn } = await liveScene();
    standIn.calls.delete(room.roomId);
    const request = recordingOf();
    await expect(provider.closeRoom(room)).resolves.toBeUndefined();
    await expect(provider.recordingState(request)).resolves.toEqual({ status: "absent" });
    await expect(provider.stopRecording(request)).resolves.toEqual({ status: "absent" });
  });

  test("a call whose end Stream refuses because it has ended", async () => {
    const { provider, standIn } = await liveScene();
    await provider.closeRoom(room);
    standIn.fault("EndCall", { kind: "status", status: 400, code: 4 });
    await expect(provider.closeRoom(room)).resolves.toBeUndefined();
  });
});

describe("between start and file", () => {
  test("each stage is told, also to another process that has only the reference", async () => {
    const { provider, standIn } = await liveScene({ captureAtOnce: false, filesAtOnce: false });
    const request = recordingOf();
    const stages: string[] = [];
    let ref = { ...room, recordingId: request.recordingId };
    const remember = (answer: ProviderRecording) => {
      stages.push(answer.status);
      if ("providerRef" in answer && answer.providerRef)
        ref = { ...ref, ...{ providerRef: answer.providerRef } };
      return ref;
    };
    remember(await provider.startRecording(request));
    standIn.calls.beginCapture(room.roomId);
    remember(await provider.recordingState(ref));
    remember(await provider.stopRecording(ref));
    const elsewhere = openElsewhere(standIn);
    remember(await elsewhere.recordingState(ref));
    standIn.calls.finishFiles(room.roomId);
    remember(await elsewhere.recordingState(ref));
    expect(stages).toEqual(["starting", "recording", "recording", "finishing", "sealed"]);
  });

  test("the next recording may run while the last one's file is being made", async () => {
    const { provider, standIn } = await liveScene({ filesAtOnce: false });
    const run = async () => {
      const request = recordingOf();
      await provider.startRecording(request);
      await provider.recordingState(request);
      return request;
    };
    const first = await run();
    await provider.stopRecording(first);
    await provider.recordingState(first);
    const second = await run();
    // As our database has it: a file is one recording's alone.
    const look = async () => {
      const a = await provider.recordingState(first);
      const filesOfOthers = a.status === "sealed" && a.file ? [a.file] : [];
      return [a, await provider.recordingState({ ...second, filesOfOthers })];
    };
    const states = async () => (await look()).map(({ status }) => status);
    expect(await states()).toEqual(["finishing", "recording"]);
    await provider.stopRecording(first);
    expect(await states()).toEqual(["finishing", "recording"]);
    standIn.calls.finishFiles(room.roomId);
    expect(await states()).toEqual(["sealed", "recording"]);
    await provider.stopRecording(second);
    expect(await states()).toEqual(["sealed", "finishing"]);
    standIn.calls.finishFiles(room.roomId);
    const [a, b] = await look();
    expect([a?.status, b?.status]).toEqual(["sealed", "sealed"]);
    expect(a).not.toEqual(b);
  });

  test("starting again before anything shows sends nothing", async () => {
    const { provider, standIn } = await liveScene({ captureAtOnce: false });
    const request = recordingOf();
    const first = await provider.startRecording(request);
    expect(await provider.startRecording(request)).toEqual(first);
    expect(standIn.calls.get(room.roomId).startsAccepted).toBe(1);
  });

  test("an accepted start that never runs ends as failed", async () => {
    let now = Date.now();
    const { provider, standIn } = await liveScene({
      captureAtOnce: false,
      now: () => now,
      clock: { ...systemClock, now: () => now },
    });
    const request = recordingOf();
    await provider.startRecording(request);
    standIn.calls.loseCapture(room.roomId);
    expect((await provider.recordingState(request)).status).toBe("starting");
    now += 121_000;
    expect(await provider.recordingState(request)).toEqual({
      status: "failed",
      reason: "never_started",
    });
  });
});

const asked = ({ operations }: Scene["standIn"], operation: string, times: number) =>
  vi.waitFor(() => {
    expect(operations().filter((name) => name === operation)).toHaveLength(times);
  }, patience);

describe("looks that overtake each other", () => {
  /** Holds back the next answer to a look until it is let go. */
  async function sceneHolding() {
    let now = Date.now();
    const clock = { ...systemClock, now: () => now };
    const options = { ...quick, requestTimeoutMs: patience.timeout, captureAtOnce: false };
    const live = await liveScene({ ...options, now: () => now, clock });
    const pass = (ms: number) => {
      now += ms;
    };
    return { ...live, pass };
  }

  test("an older one that saw nothing yet does not end what a newer one saw running", async () => {
    const { provider, standIn, pass } = await sceneHolding();
    const request = recordingOf();
    await provider.startRecording(request);
    pass(1_000);
    standIn.fault("GetCall", { kind: "delay", ms: 400 });
    const older = provider.recordingState(request);
    await asked(standIn, "GetCall", 2);
    pass(1_000);
    standIn.calls.beginCapture(room.roomId);
    expect((await provider.recordingState(request)).status).toBe("recording");
    pass(1_000);
    expect((await older).status).toBe("recording");
    pass(1_000);
    expect((await provider.recordingState(request)).status).toBe("recording");
    standIn.calls.loseCapture(room.roomId);
    pass(1_000);
    expect((await provider.recordingState(request)).status).toBe("finishing");
  });

  test("what one has learnt is not forgotten over another that waits for the list of files", async () => {
    const { provider, standIn, pass } = await sceneHolding();
    const request = recordingOf();
    await provider.startRecording(request);
    pass(16_000);
    standIn.fault("ListRecordings", { kind: "delay", ms: 400 });
    const older = provider.recordingState(request);
    await asked(standIn, "ListRecordings", 1);
    standIn.calls.beginCapture(room.roomId);
    expect((await provider.recordingState(request)).status).toBe("recording");
    await older;
    standIn.calls.loseCapture(room.roomId);
    pass(1_000);
    expect((await provider.recordingState(request)).status).toBe("finishing");
  });
});

describe("a deleted recording, by a process that has only the reference", () => {
  test.each([
    ["of which a start and a stop were accepted", { stopAcceptedAt: true }],
    ["that was seen ended", { idleAt: true }],
  ])(
    "%s is asked for until its file is gone",
    async (_, {
      stopAcceptedAt,
      idleAt = false,
    }: {
      stopAcceptedAt?: boolean;
      idleAt?: boolean;
    }) => {
      let now = Date.now();
      const clock = { ...systemClock, now: () => now };
      const { provider, standIn } = await liveScene({
        ...{ filesAtOnce: false, requestTimeoutMs: patience.timeout, now: () => now, clock },
      });
      const request = recordingOf();
      standIn.fault("StartRecording", { kind: "malformed" });
      await provider.startRecording(request).catch(() => undefined);
      now += 1_000;
      const stop = await provider.stopRecording(request);
      now += 1_000;
      const answer = idleAt ? await provider.recordingState(request) : stop;
      const providerRef = { ...("providerRef" in answer ? answer.providerRef : {}) };
      expect(providerRef).toHaveProperty(stopAcceptedAt ? "stopAcceptedAt" : "idleAt");
      const { acceptedAt: _a, runningAt: _r, stopRequestedAt: _s, ...kept } = providerRef;
      const ref = { ...room, recordingId: request.recordingId, providerRef: kept };
      const { apiKey, apiSecret, url: baseUrl } = standIn;
      const options = { apiKey, apiSecret, baseUrl, clock, log: silentLog };
      const elsewhere = new GetStreamVideoProvider(options);
      now += 10 * 60_000;
      expect(await elsewhere.deleteRecording(ref)).toBe(false);
      standIn.calls.finishFiles(room.roomId);
      expect(await elsewhere.deleteRecording(ref)).toBe(true);
      expect(standIn.calls.get(room.roomId).files).toEqual([]);
    },
  );
});

describe("a rate that Stream tells", () => {
  const looked = (names: string[]) => names.filter((name) => name === "GetCall").length;

  test("is kept: what Stream would refuse is not sent, and goes on when it says", async () => {
    const { provider, standIn, told, pass } = await rated(5);
    const request = recordingOf();
    for (let look = 0; look < 5; look++) await provider.recordingState(request);
    for (let look = 0; look < 3; look++)
      await expect(provider.recordingState(request)).rejects.toMatchObject({
        code: "STREAM_ERROR",
        metadata: { operation: "recordingState", providerStatus: 429, retryAfterMs: 60_000 },
      });
    expect(looked(standIn.operations())).toBe(5);
    const rate = { endpoint: "GetCall", limit: 5, leftMs: 60_000 };
    expect(told.filter(({ endpoint }) => endpoint === "GetCall")).toEqual([
      { ...rate, remaining: 1 },
      { ...rate, remaining: 0 },
    ]);
    pass(60_000);
    await expect(provider.recordingState(request)).resolves.toEqual({ status: "absent" });
    expect(looked(standIn.operations())).toBe(6);
  });

  test("of one kind of request holds up no other", async () => {
    const { provider, standIn } = await rated(1_000);
    standIn.fault("GetCall", { kind: "rateLimit", resetAt: start + 30_000 });
    const request = recordingOf();
    await expect(provider.recordingState(request)).rejects.toMatchObject({ code: "STREAM_ERROR" });
    await expect(provider.recordingState(request)).rejects.toMatchObject({
      metadata: { retryAfterMs: 30_000 },
    });
    await expect(provider.fileLink(request)).resolves.toBeUndefined();
    await expect(provider.closeRoom(room)).resolves.toBeUndefined();
  });
});

function openElsewhere({ apiKey, apiSecret, url: baseUrl }: Scene["standIn"]) {
  const [clock, log] = [systemClock, silentLog];
  return new GetStreamVideoProvider({ apiKey, apiSecret, baseUrl, clock, log });
}

describe("behind resilience, one start is one recording, whatever happens to its answer", () => {
  const limits = { attemptTimeoutMs: patience.timeout, backoffMs: 20, maxBackoffMs: 40 };
  const options = { log: silentLog, random: () => 0.5, budgetMs: patience.timeout, limits };
  const resilient = (): ResilientVideoProvider => withResilience(scene.provider, options);

  test.each([
    ["a dropped connection", { kind: "drop", accept: true }],
    ["an internal error", { kind: "status", status: 500, code: -1, accept: true }],
    ["an edge's page", { kind: "html", status: 502, accept: true }],
    ["broken JSON", { kind: "malformed" }],
    ["silence", { kind: "hang", accept: true }],
    ["a late answer", { kind: "delay", ms: lateMs }],
  ] as [string, Fault][])("accepted, then %s", async (_, fault) => {
    const { standIn } = await liveScene(limitOf(fault));
    standIn.fault("StartRecording", fault);
    const answer = await resilient().startRecording(recordingOf());
    expect(answer.status).toBe("recording");
    expect(standIn.operations().filter((name) => name === "StartRecording")).toHaveLength(1);
    expect(standIn.calls.get(room.roomId).startsAccepted).toBe(1);
  });

  test.each([
    ["a dropped connection", { kind: "drop" }],
    ["an internal error", { kind: "status", status: 500, code: -1 }],
    ["silence", { kind: "hang" }],
  ] as [string, Fault][])("not accepted, because of %s: it is sent again", async (_, fault) => {
    const { standIn } = await liveScene(limitOf(fault));
    standIn.fault("StartRecording", fault);
    const answer = await resilient().startRecording(recordingOf());
    expect(answer.status).toBe("starting");
    expect(standIn.operations().filter((name) => name === "StartRecording")).toHaveLength(2);
    expect(standIn.calls.get(room.roomId).startsAccepted).toBe(1);
  });

  test("accepted, not showing yet: Stream refuses the second, which is the proof of the first", async () => {
    const { standIn } = await liveScene({ ...quick, captureAtOnce: false });
    standIn.fault("StartRecording", { kind: "hang", accept: true });
    const video = resilient();
    const request = recordingOf();
    expect((await video.startRecording(request)).status).toBe("starting");
    expect(standIn.calls.get(room.roomId).startsAccepted).toBe(1);
    standIn.calls.beginCapture(room.roomId);
    expect((await video.recordingState(request)).status).toBe("recording");
  });

  test.each([
    ["too many requests", { kind: "rateLimit", resetAt: Date.now() + 3_600_000 }],
    ["an internal error", { kind: "status", status: 500, code: -1 }],
    ["a dropped connection", { kind: "drop" }],
  ] as [string, Fault][])(
    "accepted and unanswered, then refused, and no look because of %s: not known, and found later",
    async (_, unreadable) => {
      let sent = 0;
      await liveScene({
        ...{ captureAtOnce: false, requestTimeoutMs: patience.timeout },
        onStage: (operation, stage) => {
          const isIt = operation === "StartRecording" && stage === "carried out" && ++sent === 2;
          if (isIt) scene.standIn.fault("GetCall", unreadable, 20);
          return false;
        },
      });
      const { standIn } = scene;
      standIn.fault("StartRecording", { kind: "drop", accept: true });
      const request = recordingOf();
      const error: unknown = await resilient()
        .startRecording(request)
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: "EXTERNAL_SERVICE_TIMEOUT",
        metadata: { operation: "startRecording", outcome: "unknown" },
      });
      expect(standIn.operations().filter((name) => name === "StartRecording")).toHaveLength(2);
      standIn.clearFaults();
      standIn.calls.beginCapture(room.roomId);
      const elsewhere = openElsewhere(standIn);
      expect((await elsewhere.recordingState(request)).status).toBe("recording");
    },
  );

  test("a stop whose answer is lost is a stop", async () => {
    const { standIn } = await liveScene({ requestTimeoutMs: patience.timeout });
    const video = resilient();
    const request = recordingOf();
    await video.startRecording(request);
    standIn.fault("StopRecording", { kind: "drop", accept: true });
    expect((await video.stopRecording(request)).status).toBe("sealed");
    expect(standIn.operations().filter((name) => name === "StopRecording")).toHaveLength(1);
  });

  test("a room is created once, however often it is asked for", async () => {
    scene = await openScene(quick);
    scene.standIn.fault("GetOrCreateCall", { kind: "hang", accept: true });
    scene.standIn.fault("UpdateUsers", { kind: "status", status: 503, code: -1 });
    await resilient().createRoom(spec);
    expect(scene.standIn.calls.get(room.roomId).createdBy).toBe("host");
  });

  test("nobody in the call opens no breaker; a broken Stream opens one, for that operation", async () => {
    scene = await openScene({ requestTimeoutMs: patience.timeout });
    const video = resilient();
    await video.createRoom(spec);
    for (let i = 0; i < 8; i++)
      await expect(video.startRecording(recordingOf())).rejects.toMatchObject({
        code: "MEETING_NOT_ACTIVE",
      });
    const states = () =>
      Object.fromEntries(video.breakers().map(({ operation, state }) => [operation, state]));
    expect(states()["startRecording"]).toBe("closed");
    scene.standIn.fault("GetCall", { kind: "status", status: 500, code: -1 }, 20);
    for (let i = 0; i < 6; i++) await video.startRecording(recordingOf()).catch(() => undefined);
    expect(states()).toMatchObject({ startRecording: "open", createRoom: "closed" });
    const before = scene.standIn.requests.length;
    await expect(video.startRecording(recordingOf())).rejects.toMatchObject({
      code: "EXTERNAL_SERVICE_TIMEOUT",
      metadata: { breaker: "open", operation: "startRecording" },
    });
    expect(scene.standIn.requests).toHaveLength(before);
  });
});
