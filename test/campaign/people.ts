import type { Identity, UserIdentity } from "../../src/auth/identity.ts";
import { newId } from "../../src/core/ids.ts";
import type { Stranger } from "./schedule.ts";
import type { World } from "./world.ts";

const orgId = "org_campaign";
const user = (subject: string, more: Partial<UserIdentity> = {}): UserIdentity => ({
  ...{ kind: "user", issuer: "https://issuer.test", subject, plan: "paid", ...more },
});

export const host = user("host", { orgId });
const others: Record<Stranger, Identity> = {
  participant: user("participant", { orgId }),
  stranger: user("stranger"),
  nobody: { kind: "anonymous" },
};
export const strangers = ["participant", "stranger", "anonymous"];
export const identityOf = (who: Stranger): Identity => others[who];

/** A paid meeting that runs, with its host in the call at Stream, and an endpoint that is told of it. */
export interface Scene {
  meetingId: string;
  hostId: string;
}

export async function openScene(world: World): Promise<Scene> {
  const { sql, stream } = world;
  await world.tellDatabase();
  const meetingId = newId("meetings");
  const ids = { host: newId("users"), participant: newId("users"), stranger: newId("users") };
  await sql("INSERT INTO organizations (id, plan) VALUES ($1, 'paid')", [orgId]);
  for (const [subject, id] of Object.entries(ids))
    await sql(
      `INSERT INTO users (id, issuer, subject, email, org_id, plan)
       VALUES ($1, 'https://issuer.test', $2, $3, $4, 'paid')`,
      [id, subject, `${subject}@example.test`, subject === "stranger" ? null : orgId],
    );
  await sql(
    `INSERT INTO meetings (id, organizer_id, org_id, title, duration_ms, state, tier, recording_permitted,
       transcription_enabled, max_participants, room_id, started_at)
     VALUES ($1, $2, $3, 'Planning', 1800000, 'active', 'paid', true, true, 8, $1, app_now())`,
    [meetingId, ids.host, orgId],
  );
  for (const [role, id] of [
    ["host", ids.host],
    ["participant", ids.participant],
  ])
    await sql(
      `INSERT INTO meeting_participants (id, meeting_id, user_id, role, presence, in_room)
       VALUES ($1, $2, $3, $4, 'joined', true)`,
      [newId("meetingParticipants"), meetingId, id, role],
    );
  await sql(
    `INSERT INTO webhook_endpoints (id, org_id, url, secret) VALUES ($1, $2, 'https://receiver.test/hook', $3)`,
    [newId("webhookEndpoints"), orgId, `whsec_${Buffer.alloc(32, 7).toString("base64")}`],
  );
  stream.calls.users.set(ids.host, { id: ids.host });
  stream.calls.getOrCreate(meetingId, {
    created_by_id: ids.host,
    members: [{ user_id: ids.host, role: "admin" }],
  });
  stream.calls.join(meetingId, ids.host);
  return { meetingId, hostId: ids.host };
}
