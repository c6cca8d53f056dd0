import { convexToJson, type Value } from "convex/values";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  admin,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  registry,
  userIdOf,
} from "../support/meetingCalls.ts";

let test: TestDatabase;
let stage: MeetingStage;
let host: UserIdentity;
let ids: Record<string, unknown>;

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
  host = person({ orgId: "org_numbers", orgRole: "admin" });
  const meetingId = await meetingOf(stage, host);
  const hostId = await userIdOf(stage, host);
  const { recordingId } = await startRecording(stage.services, hostId, { meetingId });
  const { endpointId } = await stage.call<{ endpointId: string }>(
    host,
    "webhooks/mutations:createEndpoint",
    { url: "https://hooks.example.org" },
  );
  ids = {
    ...{ meetingId, recordingId, endpointId, title: "Planning" },
    ...{
      bio: "Ten characters",
      company: "Acme",
      field: "Law",
      gender: "female",
      jobTitle: "Judge",
    },
    ...{ age: 30, interests: [], displayName: "Alice", userId: hostId },
    ...{ metricName: "size", requestType: "query", value: 1 },
    ...{ text: "Hello", confidence: 1, startTime: 0, endTime: 900, startMs: 0, endMs: 900 },
    ...{ operation, operations: [{ operation, clientSequence: 0 }], clientId: "laptop" },
    ...{ clientSequence: 0, expectedVersion: 0, queryVector: new ArrayBuffer(8), query: "budget" },
    ...{ availableFrom: Date.now(), availableTo: Date.now() + 3_600_000 },
    constraints: { interests: ["Chess"], roles: ["peer"] },
  };
});
afterAll(() => test.close());

const operation = { type: "insert", position: 0, content: "Hello" };
const wrong = [Number.NaN, Number.POSITIVE_INFINITY, -0, 0, -5, 0.5, 1.5, 1e300];
const noTime = [Number.NaN, Number.POSITIVE_INFINITY, -5, 1e300];
/** What else is wrong than of a number of things. */
const wrongOf: Record<string, number[]> = {
  ...Object.fromEntries(
    [
      "bucketMs",
      "clientSequence",
      "expectedVersion",
      "fromSequence",
      "offset",
      "olderThanMs",
      "targetSequence",
    ].map((field) => [field, wrong.filter((value) => value !== 0)]),
  ),
  confidence: [Number.NaN, Number.POSITIVE_INFINITY, -5, 1.5, 1e300],
  ...{ startTime: noTime, startMs: noTime, endTime: [...noTime, 0], endMs: [...noTime, 0] },
  minScore: [Number.NaN, Number.POSITIVE_INFINITY, -0, -5, 1.5, 1e300],
  estimatedBytes: wrong.filter((value) => value !== 0),
  timestamp: [Number.NaN, Number.POSITIVE_INFINITY, -5, 1e300],
  value: [Number.NaN, Number.POSITIVE_INFINITY],
  threshold: [Number.NaN, Number.POSITIVE_INFINITY, -5, 1.5, 1e300],
};
/** Published, and never looked at: a client's own note of a time, and what breakers are set to by themselves. */
const ignored = ["lastValidated", "failureThreshold", "recoveryTimeMs"];

/** Every number that a caller can send to any function, and that it goes by. */
const numbers = [...registry.values()].flatMap(({ name, definition }) =>
  Object.entries(definition.args)
    .filter(([field, { kind }]) => kind === "float64" && !ignored.includes(field))
    .map(([field]) => [name, field] as const),
);

it("finds the numbers", () => {
  expect(numbers.map(([, field]) => field)).toEqual(
    expect.arrayContaining(["limit", "expiresInMs", "maxUses", "duration", "maxParticipants"]),
  );
});

it.each(numbers)("%s refuses a %s that is none", async (name, field) => {
  const { args, permission: { requires = "user" } = {} } = registry.get(name)?.definition ?? {};
  const needed = Object.entries(args ?? {})
    .filter(([, validator]) => validator.isOptional === "required")
    .map(([argument]) => [argument, ids[argument]]);
  const caller = requires === "admin" ? admin : host;
  for (const value of wrongOf[field] ?? wrong) {
    const sent = convexToJson({ ...Object.fromEntries(needed), [field]: value } as Value);
    expect(await stage.refusal(caller, name, sent as object), String(value)).toMatchObject({
      code: "VALIDATION_ERROR",
      message: expect.stringContaining(field),
      metadata: { field },
    });
  }
});
