import { convexToJson, type Value } from "convex/values";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
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
  };
});
afterAll(() => test.close());

/** Published as needed, and never looked at: a client's own note of a time. */
const ignored = "lastValidated";

/** Every number that a caller can send to any function, and that it goes by. */
const numbers = [...registry.values()].flatMap(({ name, definition }) =>
  Object.entries(definition.args)
    .filter(([field, { kind }]) => kind === "float64" && field !== ignored)
    .map(([field]) => [name, field] as const),
);

it("finds the numbers", () => {
  expect(numbers.map(([, field]) => field)).toEqual(
    expect.arrayContaining(["limit", "expiresInMs", "maxUses", "duration", "maxParticipants"]),
  );
});

it.each(numbers)("%s refuses a %s that is no number of things", async (name, field) => {
  const { args } = registry.get(name)?.definition ?? {};
  const needed = Object.entries(args ?? {})
    .filter(([, validator]) => validator.isOptional === "required")
    .map(([argument]) => [argument, ids[argument]]);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -0, 0, -5, 0.5, 1.5, 1e300]) {
    const sent = convexToJson({ ...Object.fromEntries(needed), [field]: value } as Value);
    expect(await stage.refusal(host, name, sent as object), String(value)).toMatchObject({
      code: "VALIDATION_ERROR",
      message: expect.stringContaining(field),
      metadata: { field },
    });
  }
});
