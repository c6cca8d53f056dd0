import type { User } from "../../auth/identity.ts";
import { localIssuerName } from "../../auth/issuers/localIssuer.ts";
import { effectivePlan } from "../../auth/plans.ts";
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { orThrow } from "../../core/result.ts";
import { namedStatement, type ReadTx, statement, type Tx } from "../../db/port.ts";
import { announce } from "../announce.ts";
import { featuresOf, videoProviderOf } from "../meeting.ts";
import type { MeetingServices } from "../services.ts";
import { now } from "../store.ts";
import { draftMeeting, type MeetingDraft, type MeetingRequest } from "./draft.ts";

const insertMeeting = namedStatement<
  never,
  Omit<MeetingDraft, "emails"> & {
    id: string;
    organizerId: string;
    orgId: string | null;
    hostId: string;
  }
>(
  "meetings.insert",
  `WITH meeting AS (
     INSERT INTO meetings (id, organizer_id, org_id, title, description, meeting_type, scheduled_at,
       duration_ms, tier, recording_permitted, transcription_enabled, max_participants)
     VALUES (:id, :organizerId, :orgId, :title, :description, :meetingType,
       to_timestamp(:scheduledAt::double precision / 1000), :durationMs, :tier, :recordingPermitted,
       :transcriptionEnabled, :maxParticipants)
   )
   INSERT INTO meeting_participants (id, meeting_id, user_id, role) VALUES (:hostId, :id, :organizerId, 'host')`,
);

const insertInvited = statement(
  "meetings.insertInvited",
  `INSERT INTO meeting_participants (id, meeting_id, user_id, role)
   SELECT invited.id, $1, invited.user_id, 'participant'
   FROM unnest($2::text[], $3::text[]) AS invited (id, user_id)`,
);

/**
 * Addresses name people only where they can be trusted: verified ones, within the organiser's organisation or among the
 * users of this server's own issuer. One that two people have names nobody.
 */
const findByEmail = statement<{ userId: string }>(
  "meetings.findByEmail",
  `SELECT min(id) AS "userId" FROM users
   WHERE lower(email) = ANY($1::text[]) AND email_verified AND is_active
     AND (org_id = $3 OR ($3::text IS NULL AND org_id IS NULL AND issuer = $4 AND issuer = $5))
   GROUP BY lower(email) HAVING count(*) = 1 AND min(id) <> $2`,
);

/**
 * Creates a scheduled meeting with its organiser as host; the actor is absent for the administrator. Its tier is the organiser's plan now and stays.
 * @throws AppError VALIDATION_ERROR with `field`, and `limit` where a limit is exceeded
 */
export async function createMeeting(
  tx: Tx,
  { config, video }: Pick<MeetingServices, "config" | "video">,
  organizer: User,
  request: MeetingRequest,
  actorUserId: string | undefined,
) {
  const tier = await effectivePlan(tx, organizer, config.defaultPlan);
  const roomLimit = video.capabilities.maxParticipants;
  const draft = orThrow(draftMeeting(request, { tier, roomLimit, now: await now(tx) }));
  const meetingId = newId("meetings");
  await insert(tx, meetingId, organizer, draft);
  const invited = await inviteKnown(tx, meetingId, organizer, draft);
  tx.writes(`meeting:${meetingId}`, `memberships:${organizer.id}`);
  const { maxParticipants, recordingPermitted } = draft;
  const data = { tier, maxParticipants, recordingPermitted, invited };
  await announce(tx, { meetingId, type: "meeting_created", data, actorUserId });
  return {
    meetingId,
    videoProvider: videoProviderOf(tier),
    webrtcReady: tier === "free",
    features: featuresOf(draft),
  };
}

async function insert(tx: Tx, meetingId: string, organizer: User, draft: MeetingDraft) {
  const values = insertMeeting.bind({
    ...draft,
    id: meetingId,
    organizerId: organizer.id,
    orgId: organizer.orgId ?? null,
    hostId: newId("meetingParticipants"),
  });
  await tx.run(insertMeeting, values);
}

/** Makes participants of those who are known by the given addresses; returns how many. */
async function inviteKnown(tx: Tx, meetingId: string, organizer: User, draft: MeetingDraft) {
  const userIds = await knownUsers(tx, organizer, draft.emails);
  if (userIds.length > draft.maxParticipants - 1) {
    throw new AppError(
      "VALIDATION_ERROR",
      `The meeting takes ${draft.maxParticipants} people at most, its host included`,
      { field: "participantEmails", reason: "meeting_full", limit: draft.maxParticipants },
    );
  }
  if (userIds.length === 0) return 0;
  const ids = userIds.map(() => newId("meetingParticipants"));
  await tx.run(insertInvited, [meetingId, ids, userIds]);
  tx.writes(...userIds.map((id) => `memberships:${id}` as const));
  return userIds.length;
}

async function knownUsers(tx: ReadTx, organizer: User, emails: string[]): Promise<string[]> {
  if (emails.length === 0) return [];
  const { id, orgId = null, issuer } = organizer;
  const rows = await tx.all(findByEmail, [emails, id, orgId, issuer, localIssuerName]);
  return rows.map((row) => row.userId);
}
