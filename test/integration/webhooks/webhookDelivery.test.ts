import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { addDeliveryMetrics } from "../../../src/app/backlogMetrics.ts";
import type { Loop } from "../../../src/jobs/loop.ts";
import { outbound } from "../../../src/net/outbound.ts";
import { createMetrics } from "../../../src/observe/metrics.ts";
import { deleteRecording } from "../../../src/recordings/lifecycle/deleteRecording.ts";
import { failRecording, recordReady } from "../../../src/recordings/lifecycle/outcome.ts";
import { pauseRecording, resumeRecording } from "../../../src/recordings/lifecycle/pause.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { requireRecording } from "../../../src/recordings/store.ts";
import { attempt } from "../../../src/webhooks/attempt.ts";
import { claimDeliveries } from "../../../src/webhooks/claims.ts";
import { messageOf } from "../../../src/webhooks/message.ts";
import { patience } from "../../support/patience.ts";
import { isSignedBy, openReceiver, type Receiver } from "../../support/webhookReceiver.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { type MeetingStage, meetingOf, meetingStage, person } from "../support/meetingCalls.ts";
import { activeMeeting, recordingStage, type Stage } from "../support/recordings.ts";
import { sender, webhookDeps } from "../support/webhooks.ts";

let test: TestDatabase;
let receiver: Receiver;
let calls: MeetingStage;
let stage: Stage;
let loops: Loop[];
let orgId: string;
let path: string;
let orgs = 0;
beforeAll(async () => {
  test = await testDatabase();
  receiver = await openReceiver();
  calls = meetingStage(test, { CONNVO_WEBHOOK_ORIGINS: receiver.origin });
});
afterAll(async () => {
  await receiver.close();
  await test.close();
});
beforeEach(() => {
  loops = [];
  stage = recordingStage(test);
  orgId = `org_${++orgs}`;
  path = `/${orgId}`;
});
afterEach(async () => {
  await Promise.all(loops.map((loop) => loop.stop()));
  // What a test left pending is none of the next one's business.
  await test.sql("DELETE FROM webhook_endpoints");
});

const run = (change = {}) => loops.push(sender(test, change));
const admin = () => person({ orgId, orgRole: "admin" });

interface Created {
  endpointId: string;
  secret: string;
}
const register = (more: object = {}) =>
  calls.call<Created>(admin(), "webhooks/mutations:createEndpoint", {
    url: receiver.origin + path,
    ...more,
  });
const testEvent = async (endpointId: string) =>
  (
    await calls.call<{ eventId: string }>(admin(), "webhooks/mutations:sendTestEvent", {
      endpointId,
    })
  ).eventId;

interface DeliveryView {
  eventId: string;
  type: string;
  state: string;
  attempts: number;
  nextAttemptAt?: number;
  lastStatus?: number;
  lastError?: string;
}
const deliveries = (endpointId: string) =>
  calls.call<DeliveryView[]>(admin(), "webhooks/queries:listDeliveries", { endpointId });
const came = (what: string) => receiver.received.filter((one) => one.path === what);

const dbNow = async () =>
  Number((await test.sql<{ now: Date }>("SELECT app_now() AS now"))[0]?.now.getTime());

/** The endpoint's only delivery, once an attempt has left it as told. */
async function settled(endpointId: string, as: Partial<DeliveryView>): Promise<DeliveryView> {
  return vi.waitFor(async () => {
    const [delivery] = await deliveries(endpointId);
    expect(delivery).toMatchObject(as);
    // While it is being sent it is pending too, and due.
    if (as.state === "pending") expect(delivery?.nextAttemptAt).toBeGreaterThan(await dbNow());
    return delivery as DeliveryView;
  }, patience);
}

describe("what happens in a meeting", () => {
  it("is told in numbered, signed messages that say how things are", async () => {
    const { secret, endpointId } = await register();
    const meeting = await activeMeeting(test, { orgId });
    const { meetingId, hostId } = meeting;
    const { recordingId } = await startRecording(stage.services, hostId, meeting);
    await pauseRecording(stage.services, hostId, recordingId);
    await resumeRecording(stage.services, hostId, recordingId);
    await stopRecording(stage.services, hostId, meeting);
    await test.db.transaction(async (tx) =>
      recordReady(tx, await requireRecording(tx, recordingId)),
    );
    await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
    run();
    await vi.waitFor(() => expect(receiver.events(path)).toHaveLength(6), patience);
    const events = receiver
      .events(path)
      .sort((one, other) => Number(one.data["sequence"]) - Number(other.data["sequence"]));
    expect(events.map(({ type, data }) => [type, data["sequence"], data["state"]])).toEqual([
      ["recording.started", 1, "recording"],
      ["recording.paused", 2, "recording"],
      ["recording.resumed", 3, "recording"],
      ["recording.stopped", 4, "processing"],
      ["recording.ready", 5, "ready"],
      ["recording.deleted", 6, "ready"],
    ]);
    expect(events[4]).toEqual({
      type: "recording.ready",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      data: {
        ...{ recordingId, meetingId, state: "ready", sequence: 5, stopReason: "host" },
        config: { quality: "720p", layout: "grid", audioOnly: false },
        recordingUrl: `http://connvo.test/recordings/${recordingId}.mp4`,
        requestedAt: expect.any(Number),
        startedAt: expect.any(Number),
        stoppedAt: expect.any(Number),
        durationMs: expect.any(Number),
      },
    });
    expect(events[1]?.data).toHaveProperty("pausedAt");
    expect(events[2]?.data).not.toHaveProperty("pausedAt");
    expect(events[5]?.data).toHaveProperty("deletedAt");
    expect(events[5]?.data).not.toHaveProperty("recordingUrl");
    const ids = came(path).map(({ id }) => id);
    expect(new Set(ids).size).toBe(6);
    for (const message of came(path)) expect(isSignedBy(secret, message)).toBe(true);
    await vi.waitFor(async () => {
      const states = (await deliveries(endpointId)).map(({ state }) => state);
      expect(states).toEqual(Array(6).fill("delivered"));
    }, patience);
  });

  it("is told of the meeting itself, too", async () => {
    const host = person({ orgId });
    await register({ eventTypes: ["meeting.started", "meeting.ended"] });
    const meetingId = await meetingOf(calls, host);
    await calls.call(host, "meetings/lifecycle:endMeeting", { meetingId });
    run();
    await vi.waitFor(() => expect(receiver.events(path)).toHaveLength(2), patience);
    const told = receiver.events(path).map(({ type, data }) => [type, data]);
    expect(Object.fromEntries(told)).toEqual({
      "meeting.started": {
        ...{ meetingId, state: "active", sequence: 1, startedAt: expect.any(Number) },
      },
      "meeting.ended": {
        ...{ meetingId, state: "concluded", sequence: 2 },
        ...{ startedAt: expect.any(Number), endedAt: expect.any(Number) },
      },
    });
  });

  it("says why a recording failed", async () => {
    await register({ eventTypes: ["recording.failed"] });
    const meeting = await activeMeeting(test, { orgId });
    const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
    await test.db.transaction(async (tx) =>
      failRecording(tx, await requireRecording(tx, recordingId), {
        code: "media_lost",
        message: "It is gone",
      }),
    );
    run();
    await vi.waitFor(() => expect(receiver.events(path)).toHaveLength(1), patience);
    expect(receiver.events(path)[0]).toMatchObject({
      type: "recording.failed",
      data: { state: "failed", error: { code: "media_lost", message: "It is gone" } },
    });
  });

  it("is told to nobody else: other organisations, other types, disabled, none at all", async () => {
    await register({ eventTypes: ["recording.ready"] });
    const { endpointId } = await register();
    await calls.call(admin(), "webhooks/mutations:updateEndpoint", { endpointId, enabled: false });
    const count = async () =>
      (await test.sql<{ n: number }>("SELECT count(*)::int AS n FROM webhook_events"))[0]?.n;
    const before = await count();
    for (const meeting of [
      await activeMeeting(test, { orgId }),
      await activeMeeting(test, { orgId: "org_other" }),
      await activeMeeting(test),
    ]) {
      await startRecording(stage.services, meeting.hostId, meeting);
    }
    expect(await count()).toBe(before);
  });

  it("is not told when it is undone", async () => {
    const { endpointId } = await register();
    const meeting = await activeMeeting(test, { orgId });
    const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
    const undone = test.db.transaction(async (tx) => {
      const recording = await requireRecording(tx, recordingId);
      await failRecording(tx, recording, { code: "media_lost", message: "It is gone" });
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect((await deliveries(endpointId)).map(({ type }) => type)).toEqual(["recording.started"]);
  });

  it("goes on while an endpoint is being deleted", async () => {
    const { endpointId } = await register();
    const meeting = await activeMeeting(test, { orgId });
    let started: Promise<unknown> = Promise.resolve();
    await test.db.transaction(async (tx) => {
      await tx.run({
        name: "test.deleteEndpoint",
        text: `DELETE FROM webhook_endpoints WHERE id = '${endpointId}'`,
      });
      started = startRecording(stage.services, meeting.hostId, meeting);
      await new Promise((resolve) => setTimeout(resolve, 200));
    });
    await expect(started).resolves.toMatchObject({ success: true });
  });
});

describe("an attempt that fails", () => {
  it("is repeated under the same id, with the same body", async () => {
    receiver.answer(path, (response, times) => response.writeHead(times > 1 ? 200 : 500).end());
    const { endpointId, secret } = await register();
    const eventId = await testEvent(endpointId);
    run();
    const failed = await settled(endpointId, { state: "pending", attempts: 1, lastStatus: 500 });
    expect((failed.nextAttemptAt ?? 0) - (await dbNow())).toBeLessThanOrEqual(5_000);
    await test.advanceTime(5_100);
    await settled(endpointId, { state: "delivered", attempts: 2, lastStatus: 200 });
    const [first, second] = came(path);
    expect([first?.id, second?.id]).toEqual([eventId, eventId]);
    expect(second?.body).toBe(first?.body);
    for (const message of came(path)) expect(isSignedBy(secret, message)).toBe(true);
  });

  it("is given up after ten, and can be replayed then", async () => {
    receiver.answer(path, (response) => response.writeHead(500).end());
    const { endpointId } = await register();
    const eventId = await testEvent(endpointId);
    run();
    for (let attempts = 1; attempts < 10; attempts++) {
      await settled(endpointId, { state: "pending", attempts });
      await test.advanceTime(24 * 3_600_000 + 1_000);
    }
    await settled(endpointId, { state: "dead", attempts: 10 });
    receiver.answer(path, (response) => response.writeHead(204).end());
    await calls.call(admin(), "webhooks/mutations:replayDelivery", { endpointId, eventId });
    await settled(endpointId, { state: "delivered", attempts: 1 });
    expect(new Set(came(path).map(({ id }) => id))).toEqual(new Set([eventId]));
    await calls.call(admin(), "webhooks/mutations:replayDelivery", { endpointId, eventId });
    await vi.waitFor(() => expect(came(path)).toHaveLength(12), patience);
  });

  it("is counted, and so is what waits", async () => {
    const metrics = createMetrics();
    const onAttempt = addDeliveryMetrics(metrics, test.db);
    const lines = async () =>
      (await metrics.text()).split("\n").filter((line) => line.startsWith("connvo_webhook_"));
    const { endpointId } = await register();
    const eventId = await testEvent(endpointId);
    await test.sql(
      "UPDATE webhook_events SET created_at = app_now() - interval '1 hour' WHERE id = $1",
      [eventId],
    );
    expect(await lines()).toEqual([
      "connvo_webhook_queue 1",
      expect.stringMatching(/^connvo_webhook_oldest_seconds 36\d\d\./),
      'connvo_webhook_attempts_total{outcome="delivered"} 0',
      'connvo_webhook_attempts_total{outcome="failed"} 0',
      'connvo_webhook_attempts_total{outcome="gone"} 0',
    ]);
    const answers = [503, 500, 204];
    receiver.answer(path, (response) => response.writeHead(answers.shift() ?? 410).end());
    run({ onAttempt, random: () => 0 });
    for (const attempts of [1, 2]) {
      await settled(endpointId, { state: "pending", attempts });
      await test.sql("UPDATE webhook_deliveries SET next_at = app_now()");
    }
    await settled(endpointId, { state: "delivered", attempts: 3 });
    await testEvent(endpointId);
    await vi.waitFor(async () => {
      expect(await lines()).toEqual([
        ...["connvo_webhook_queue 0", "connvo_webhook_oldest_seconds 0"],
        'connvo_webhook_attempts_total{outcome="delivered"} 1',
        'connvo_webhook_attempts_total{outcome="failed"} 2',
        'connvo_webhook_attempts_total{outcome="gone"} 1',
      ]);
    }, patience);
    // What a disabled endpoint has not been told does not wait.
    await test.sql("UPDATE webhook_deliveries SET state = 'pending'");
    expect(await lines()).toContain("connvo_webhook_queue 0");
  });

  it("with 410 disables the endpoint, for good and with its reason", async () => {
    receiver.answer(path, (response) => response.writeHead(410).end());
    const { endpointId } = await register();
    await testEvent(endpointId);
    run();
    await settled(endpointId, { state: "dead", attempts: 1, lastStatus: 410 });
    const [endpoint] = await calls.call<object[]>(admin(), "webhooks/queries:listEndpoints");
    expect(endpoint).toMatchObject({ enabled: false, disabledReason: "gone" });
    const refused = await calls.refusal(admin(), "webhooks/mutations:sendTestEvent", {
      endpointId,
    });
    expect(refused).toMatchObject({ code: "CONFLICT", metadata: { reason: "gone" } });
    const audited = await test.sql(
      "SELECT 1 FROM audit_logs WHERE action = 'webhook.gone' AND resource_id = $1",
      [endpointId],
    );
    expect(audited).toHaveLength(1);
  });

  it.each([429, 503])("with %i waits as long as it is asked to", async (status) => {
    receiver.answer(path, (response) =>
      response.writeHead(status, { "retry-after": "3600" }).end(),
    );
    const { endpointId } = await register();
    await testEvent(endpointId);
    run();
    const failed = await settled(endpointId, { state: "pending", lastStatus: status });
    const waitMs = (failed.nextAttemptAt ?? 0) - (await dbNow());
    expect(waitMs).toBeGreaterThan(3_500_000);
    expect(waitMs).toBeLessThanOrEqual(3_600_000);
  });

  it("with a redirect is not led elsewhere", async () => {
    const elsewhere = `${path}/elsewhere`;
    receiver.answer(path, (response) =>
      response.writeHead(307, { location: receiver.origin + elsewhere }).end(),
    );
    const { endpointId } = await register();
    await testEvent(endpointId);
    run();
    await settled(endpointId, { state: "pending", lastStatus: 307 });
    expect(came(elsewhere)).toEqual([]);
  });

  it("because nobody answers in time ends, and says so", async () => {
    receiver.answer(path, () => undefined);
    const { endpointId } = await register();
    await testEvent(endpointId);
    run({ timeoutMs: 300 });
    await settled(endpointId, { state: "pending", lastError: "no answer within 300 ms" });
  });

  it("at an answer without an end counts by its status", async () => {
    receiver.answer(path, (response) => {
      response.writeHead(200);
      const flood = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      };
      response.on("drain", flood);
      flood();
    });
    const { endpointId } = await register();
    await testEvent(endpointId);
    run();
    await settled(endpointId, { state: "delivered", lastStatus: 200 });
  });

  it("at an address inside is never sent", async () => {
    const { endpointId } = await register();
    await testEvent(endpointId);
    run({ send: outbound({ silenceMs: 5_000 }) });
    const { lastError } = await settled(endpointId, { state: "pending", attempts: 1 });
    expect(lastError).toContain("not a public address");
    expect(came(path)).toEqual([]);
  });

  it("because the operator has changed their mind is never sent", async () => {
    const { endpointId } = await register();
    await testEvent(endpointId);
    run({ isAllowed: () => false });
    const { lastError } = await settled(endpointId, { state: "pending", attempts: 1 });
    expect(lastError).toContain("settings");
    expect(came(path)).toEqual([]);
  });
});

describe("an endpoint that hangs", () => {
  it("holds up nobody else, and has two attempts at once", async () => {
    const hanging = `${path}/hanging`;
    receiver.answer(hanging, () => undefined);
    const bad = await register({ url: receiver.origin + hanging });
    const good = await register();
    for (let n = 0; n < 20; n++) await testEvent(bad.endpointId);
    for (let n = 0; n < 20; n++) await testEvent(good.endpointId);
    run();
    run();
    await vi.waitFor(() => expect(came(path)).toHaveLength(20), patience);
    const held = came(hanging).length;
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThanOrEqual(2);
  });
});

describe("a node that dies between sending and noting it", () => {
  it("has its message sent again under the same id, once its lease is over", async () => {
    const { endpointId } = await register();
    const eventId = await testEvent(endpointId);
    const dead = webhookDeps(test);
    const [claimed] = await test.db.transaction((tx) =>
      claimDeliveries(tx, "dead", { leaseMs: 30_000, limit: 16 }),
    );
    if (!claimed) throw new Error("nothing was due");
    await attempt(messageOf(claimed, "http://connvo.test"), {
      send: dead.send,
      clock: dead.services.clock,
      timeoutMs: 5_000,
      signal: new AbortController().signal,
    });
    run();
    await testEvent(endpointId);
    await vi.waitFor(() => expect(came(path)).toHaveLength(2), patience);
    expect(came(path).filter(({ id }) => id === eventId)).toHaveLength(1);
    await test.advanceTime(30_100);
    await vi.waitFor(() => expect(came(path)).toHaveLength(3), patience);
    expect(came(path).filter(({ id }) => id === eventId)).toHaveLength(2);
  });

  it("does not undo what another has done since", async () => {
    const { endpointId } = await register();
    await testEvent(endpointId);
    await test.db.transaction((tx) => claimDeliveries(tx, "dead", { leaseMs: 30_000, limit: 16 }));
    await test.advanceTime(30_100);
    run();
    await settled(endpointId, { state: "delivered", attempts: 2 });
  });
});

describe("a server that stops", () => {
  it("breaks off what hangs and leaves it to the others, uncounted", async () => {
    receiver.answer(path, (response, times) => {
      if (times > 1) response.writeHead(204).end();
    });
    const { endpointId } = await register();
    await testEvent(endpointId);
    run();
    await vi.waitFor(() => expect(came(path)).toHaveLength(1), patience);
    await loops[0]?.stop();
    expect(await deliveries(endpointId)).toMatchObject([{ state: "pending", attempts: 0 }]);
    run();
    await settled(endpointId, { state: "delivered", attempts: 1 });
  });
});

describe("a rotated secret", () => {
  it("signs beside the old one for a day", async () => {
    const { endpointId, secret: old } = await register();
    const { secret } = await calls.call<Created>(admin(), "webhooks/mutations:rotateSecret", {
      endpointId,
    });
    run();
    await testEvent(endpointId);
    await vi.waitFor(() => expect(came(path)).toHaveLength(1), patience);
    await test.advanceTime(24 * 3_600_000 + 1_000);
    await testEvent(endpointId);
    await vi.waitFor(() => expect(came(path)).toHaveLength(2), patience);
    const signed = came(path).map((one) => [isSignedBy(secret, one), isSignedBy(old, one)]);
    expect(signed).toEqual([
      [true, true],
      [true, false],
    ]);
  });
});
