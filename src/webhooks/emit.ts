import { newId } from "../core/ids.ts";
import { namedStatement, type Tx } from "../db/port.ts";
import { webhookTypeOf } from "./eventTypes.ts";

/** Something that happened, for the endpoints of an organisation. */
export interface WebhookEvent {
  /** Null: of nobody who could have an endpoint. */
  orgId: string | null;
  /** As in the meeting's history: `recording_ready`. */
  type: string;
  meetingId: string;
  /** Absent for what is about the meeting itself. */
  recordingId?: string;
  /** What is the case now, not what changed. A `recordingUrl` in it is a path; the server's address is put in front when it is sent. */
  data: object;
}

interface Values {
  id: string;
  orgId: string;
  type: string;
  meetingId: string;
  recordingId: string | null;
  subjectId: string;
  data: string;
}

/**
 * Event and deliveries in one statement; nothing is written where no endpoint wants it. The share lock keeps an endpoint
 * from being deleted before we commit, which would fail the change that is told of.
 */
const emitFor = (subject: "recordings" | "meetings") =>
  namedStatement<never, Values>(
    `webhooks.emit.${subject}`,
    `WITH wanted AS (
       SELECT e.id FROM webhook_endpoints e
       WHERE e.org_id = :orgId AND e.enabled
         AND (cardinality(e.event_types) = 0 OR :type::text = ANY(e.event_types))
       FOR KEY SHARE
     ), numbered AS (
       UPDATE ${subject} SET webhook_sequence = webhook_sequence + 1
       WHERE id = :subjectId AND EXISTS (SELECT 1 FROM wanted) RETURNING webhook_sequence
     ), event AS (
       INSERT INTO webhook_events (id, org_id, type, meeting_id, recording_id, sequence, data)
       SELECT :id, :orgId, :type::text, :meetingId, :recordingId, webhook_sequence, :data::jsonb
       FROM numbered RETURNING id
     )
     INSERT INTO webhook_deliveries (endpoint_id, event_id)
     SELECT wanted.id, event.id FROM wanted, event`,
  );

const statements = { recordings: emitFor("recordings"), meetings: emitFor("meetings") };

/**
 * Tells the organisation's endpoints of a change, in its transaction and under the lock of what changed: it goes out once
 * and only if that is committed. Does nothing for events that nobody outside is told of.
 */
export async function emit(tx: Tx, event: WebhookEvent): Promise<void> {
  const type = webhookTypeOf(event.type);
  const { orgId, meetingId, recordingId, data } = event;
  if (type === undefined || orgId === null) return;
  const statement = statements[recordingId === undefined ? "meetings" : "recordings"];
  const values = statement.bind({
    id: newId("webhookEvents"),
    ...{ orgId, type, meetingId },
    recordingId: recordingId ?? null,
    subjectId: recordingId ?? meetingId,
    data: JSON.stringify(data),
  });
  if ((await tx.run(statement, values)) > 0) tx.writes(`webhooks:${orgId}`);
}
