import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { can } from "../../../src/auth/can.ts";
import type { Identity, ParticipantRole, User, UserIdentity } from "../../../src/auth/identity.ts";
import type { Grant, Permission } from "../../../src/auth/permission.ts";
import { provisionUser } from "../../../src/auth/users.ts";
import { newId } from "../../../src/core/ids.ts";
import type { DataKey } from "../../../src/db/port.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

type Caller = "anonymous" | "admin" | "host" | "participant" | "observer" | "stranger" | "inactive";

let database: TestDatabase;
const users = new Map<Caller, User>();
const meetingId = newId("meetings");
const recordingId = newId("meetingRecordings");

beforeAll(async () => {
  database = await testDatabase();
  for (const name of ["host", "participant", "observer", "stranger", "inactive"] as const) {
    users.set(name, await provisionUser(database.db, identityOf(name)));
  }
  await addMeeting(userId("host"));
  for (const role of ["host", "participant", "observer"] as const) await addPlace(role, role);
  await addPlace("inactive", "participant");
  await database.sql("UPDATE users SET is_active = false WHERE id = $1", [userId("inactive")]);
  const inactive = users.get("inactive");
  if (inactive) users.set("inactive", { ...inactive, isActive: false });
});
afterAll(() => database.close());

const identityOf = (subject: string): UserIdentity => ({
  kind: "user",
  issuer: "https://issuer.test",
  subject,
});

const userId = (caller: Caller) => users.get(caller)?.id ?? "";

async function addMeeting(organizer: string): Promise<void> {
  await database.sql(
    `INSERT INTO meetings (id, organizer_id, title, duration_ms, tier, recording_permitted,
       transcription_enabled, max_participants)
     VALUES ($1, $2, 'Test', 60000, 'paid', true, false, 8)`,
    [meetingId, organizer],
  );
  await database.sql(
    `INSERT INTO recordings (id, meeting_id, room_id, provider, quality, layout, audio_only,
       max_duration_ms, state, started_by, requested_at)
     VALUES ($1, $2, 'room', 'embedded', '720p', 'grid', false, 60000, 'failed', $3, app_now())`,
    [recordingId, meetingId, organizer],
  );
}

async function addPlace(caller: Caller, role: ParticipantRole): Promise<void> {
  await database.sql(
    "INSERT INTO meeting_participants (id, meeting_id, user_id, role) VALUES ($1, $2, $3, $4)",
    [newId("meetingParticipants"), meetingId, userId(caller), role],
  );
}

/** Asks as `caller`; tells what was decided and which keys the decision rests on. */
async function ask(permission: Permission<Grant>, caller: Caller, args: Record<string, unknown>) {
  const identity: Identity =
    caller === "anonymous" || caller === "admin" ? { kind: caller } : identityOf(caller);
  const keys: DataKey[] = [];
  const result = await database.db.read((tx) =>
    permission.check({
      tx: {
        all: (statement, values) => tx.all(statement, values),
        first: (statement, values) => tx.first(statement, values),
        reads: (...read) => keys.push(...read),
      },
      identity,
      user: users.get(caller),
      args,
    }),
  );
  return { result, keys };
}

const verdict = async (
  permission: Permission<Grant>,
  caller: Caller,
  args: Record<string, unknown> = { meetingId, recordingId, userId: userId("participant") },
) => {
  const { result } = await ask(permission, caller, args);
  return result.ok ? "ok" : result.error.code;
};

const permissions = {
  anyone: can.anyone,
  user: can.user,
  userOrAdmin: can.userOrAdmin,
  self: can.selfOrOrgAdmin("userId"),
  admin: can.admin,
  participant: can.participant("meetingId"),
  contributor: can.contributor("meetingId"),
  host: can.host("meetingId"),
  recordingParticipant: can.recordingParticipant("recordingId"),
  recordingHost: can.recordingHost("recordingId"),
  orgAdmin: can.orgAdmin("orgId"),
} as const;

/** One line per caller, one column per permission. */
const table = `
              anyone user      userOrAdmin self      admin     participant contributor host      recordingParticipant recordingHost orgAdmin
  anonymous   ok     401       401         401       401       401         401         401       401                  401           401
  admin       ok     401       ok          ok        ok        401         401         401       401                  401           unnamed
  host        ok     ok        ok          forbidden forbidden ok          ok          ok        ok                   ok            forbidden
  participant ok     ok        ok          ok        forbidden ok          ok          low       ok                   low           forbidden
  observer    ok     ok        ok          forbidden forbidden ok          low         low       ok                   low           forbidden
  stranger    ok     ok        ok          forbidden forbidden unknown     unknown     unknown   unknown              unknown       forbidden
  inactive    ok     forbidden forbidden   forbidden forbidden forbidden   forbidden   forbidden forbidden            forbidden     forbidden
`;

const answers: Record<string, string> = {
  ok: "ok",
  "401": "UNAUTHORIZED",
  forbidden: "FORBIDDEN",
  low: "INSUFFICIENT_PERMISSIONS",
  unknown: "NOT_FOUND",
  unnamed: "VALIDATION_ERROR",
};

describe("who may do what", () => {
  const [columns = [], ...lines] = table
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const cases = lines.flatMap(([caller, ...cells]) =>
    cells.map((cell, index) => [columns[index], caller, answers[cell]] as const),
  );
  it("covers every permission", () => {
    expect(columns).toEqual(Object.keys(permissions));
  });

  it.each(cases)("can.%s, asked by %s: %s", async (permission, caller, answer) => {
    const rule: Permission<Grant> = permissions[permission as keyof typeof permissions];
    expect(await verdict(rule, caller as Caller)).toBe(answer);
  });
});

describe("a granted permission", () => {
  it("hands the caller's user and place on", async () => {
    const { result } = await ask(permissions.recordingHost, "host", { recordingId });
    expect(result).toEqual({
      ok: true,
      value: {
        user: users.get("host"),
        participant: {
          id: expect.stringMatching(/^participant_/),
          meetingId,
          userId: userId("host"),
          role: "host",
          presence: "invited",
        },
      },
    });
  });

  it("does not take a deactivated user for signed in", async () => {
    const { result } = await ask(can.anyone, "inactive", {});
    expect(result).toMatchObject({ ok: true, value: { user: undefined } });
  });

  it("rests on the caller and the meeting", async () => {
    const { keys } = await ask(permissions.recordingParticipant, "participant", { recordingId });
    expect(new Set(keys)).toEqual(
      new Set([`user:${userId("participant")}`, `meeting:${meetingId}`]),
    );
  });
});

describe("a refusal", () => {
  it("says which role is missing", async () => {
    const { result } = await ask(permissions.host, "observer", { meetingId });
    expect(result).toMatchObject({
      ok: false,
      error: { metadata: { requiredRole: "host", currentRole: "observer" } },
    });
  });

  it("does not tell what exists from what does not", async () => {
    const answers = await Promise.all(
      [meetingId, newId("meetings"), newId("users"), "meeting_", "x", "", "' OR 1=1 --"].map(
        async (id) => {
          const { result } = await ask(permissions.host, "stranger", { meetingId: id });
          if (result.ok) throw new Error("granted");
          return { ...result.error.toData(), sameId: result.error.metadata?.["id"] === id };
        },
      ),
    );
    for (const { metadata, ...rest } of answers) {
      expect(rest).toEqual({
        code: "NOT_FOUND",
        message: "Meeting not found",
        statusCode: 404,
        sameId: true,
      });
      expect(Object.keys(metadata ?? {})).toEqual(["id"]);
    }
  });

  it.each<[string, unknown]>([
    ["missing", undefined],
    ["a number", 7],
    ["an object", { toString: () => meetingId }],
    ["with NUL", "meeting\u0000"],
    ["huge", "m".repeat(100_000)],
  ])("meets an id that is %s", async (_what, id) => {
    expect(await verdict(permissions.participant, "host", { meetingId: id })).toBe("NOT_FOUND");
  });

  it("ends for a live query when the caller is let in", async () => {
    const { keys } = await ask(permissions.participant, "stranger", { meetingId });
    expect(keys).toContain(`meeting:${meetingId}`);
  });
});
