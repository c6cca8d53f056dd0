import { type AuditEntry, type EntryData, recordAudit, recordEvent } from "../audit/record.ts";
import { statement, type Tx } from "../db/port.ts";
import { emit } from "../webhooks/emit.ts";
import { webhookTypeOf } from "../webhooks/eventTypes.ts";
import type { MeetingState } from "./meeting.ts";

/** A change of a meeting or its people, as history tells it. */
export interface Change {
  meetingId: string;
  /** Event type; its audit action has a dot for the first underscore. */
  type: string;
  resource?: Pick<AuditEntry, "resourceType" | "resourceId">;
  data?: EntryData;
  /** Absent = the administrator or the server itself. */
  actorUserId?: string | undefined;
}

interface ToldMeeting {
  orgId: string | null;
  state: MeetingState;
  startedAt: number | null;
  endedAt: number | null;
}

const toldOf = statement<ToldMeeting>(
  "meetings.told",
  `SELECT org_id AS "orgId", state, started_at AS "startedAt", ended_at AS "endedAt"
   FROM meetings WHERE id = $1`,
);

/** Writes the event and the audit entry of a change, in its transaction; webhooks are told of some. */
export async function announce(tx: Tx, change: Change): Promise<void> {
  const { meetingId, type, data = {}, actorUserId } = change;
  const resource = change.resource ?? { resourceType: "meeting", resourceId: meetingId };
  await recordEvent(tx, { meetingId, type, data });
  const action = type.replace("_", ".");
  await recordAudit(tx, { actorUserId, meetingId, ...resource, action, metadata: data });
  if (webhookTypeOf(type) !== undefined) await tell(tx, meetingId, type);
}

async function tell(tx: Tx, meetingId: string, type: string): Promise<void> {
  const meeting = await tx.first(toldOf, [meetingId]);
  if (!meeting) return;
  const { orgId, state, startedAt, endedAt } = meeting;
  const times = { ...(startedAt && { startedAt }), ...(endedAt && { endedAt }) };
  await emit(tx, { orgId, type, meetingId, data: { meetingId, state, ...times } });
}
