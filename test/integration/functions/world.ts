import type { Identity, UserIdentity } from "../../../src/auth/identity.ts";
import type { Caller } from "../../../src/cli/generate/permissions.ts";
import type { TestDatabase } from "../support/database.ts";
import {
  admin,
  type MeetingStage,
  meetingOf,
  nobody,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

type Member = Exclude<Caller, "anonymous" | "adminKey">;

/** Everybody who may call, as the table of permissions describes them. */
export interface People {
  orgId: string;
  identities: Record<Caller, Identity>;
  /** Ids of their users; those without one have none. */
  ids: Record<Member, string>;
}

let organizations = 0;

/**
 * New people, of a new organisation; the deactivated one still has to be deactivated. All have names: which of them
 * comes first in a list is left to chance, and its first row has to look the same each time.
 */
export async function newPeople(stage: MeetingStage): Promise<People> {
  organizations += 1;
  const orgId = `org_world_${organizations}`;
  const members: Record<Member, UserIdentity> = {
    stranger: person({ name: "Stranger" }),
    observer: person({ orgId, name: "Observer" }),
    participant: person({ orgId, name: "Participant" }),
    host: person({ orgId, name: "Host" }),
    orgAdmin: person({ orgId, name: "Admin", orgRole: "admin" }),
    otherOrgAdmin: person({ orgId: `${orgId}_other`, name: "Other admin", orgRole: "admin" }),
    deactivated: person({ orgId, name: "Deactivated" }),
  };
  const ids = await Promise.all(
    Object.entries(members).map(async ([name, who]) => [name, await userIdOf(stage, who)] as const),
  );
  return {
    orgId,
    identities: { ...members, anonymous: nobody, adminKey: admin },
    ids: Object.fromEntries(ids) as Record<Member, string>,
  };
}

/** A meeting of these people, and what an example needs to make arguments of. */
export interface World extends People {
  stage: MeetingStage;
  test: TestDatabase;
  caller: Caller;
  meetingId: string;
  /** Calls as the meeting's host. */
  asHost<T>(name: string, args: object): Promise<T>;
  /** Calls as the organisation's administrator. */
  asAdmin<T>(name: string, args: object): Promise<T>;
}

/** A meeting with its host, participants and observer; it runs unless said otherwise. */
export async function newWorld(
  base: { stage: MeetingStage; test: TestDatabase; people: People; caller: Caller },
  options: { start?: boolean } = {},
): Promise<World> {
  const { stage, test, people, caller } = base;
  const host = people.identities.host as UserIdentity;
  const meetingId = await meetingOf(stage, host, options);
  // By SQL: the deactivated one was brought in before.
  for (const [name, role] of [
    ["participant", "participant"],
    ["deactivated", "participant"],
    ["observer", "observer"],
  ] as const)
    await test.sql(
      "INSERT INTO meeting_participants (id, meeting_id, user_id, role) VALUES ($1 || $2, $1, $2, $3)",
      [meetingId, people.ids[name], role],
    );
  const as =
    (who: "host" | "orgAdmin") =>
    <T>(name: string, args: object) =>
      stage.call<T>(people.identities[who], name, args);
  return { ...people, stage, test, caller, meetingId, asHost: as("host"), asAdmin: as("orgAdmin") };
}
