export type DeliveryState = "pending" | "delivered" | "dead";

/** An event on its way to an endpoint, as its organisation sees it. Times are epoch ms. */
export interface Delivery {
  eventId: string;
  endpointId: string;
  type: string;
  meetingId: string | null;
  recordingId: string | null;
  sequence: number;
  state: DeliveryState;
  attempts: number;
  /** When it is tried next; means nothing unless it is pending. */
  nextAt: number;
  lastAttemptAt: number | null;
  lastStatus: number | null;
  lastError: string | null;
  createdAt: number;
}

export const deliveryColumns = `
  d.event_id AS "eventId", d.endpoint_id AS "endpointId", v.type, v.meeting_id AS "meetingId",
  v.recording_id AS "recordingId", v.sequence, d.state, d.attempts, d.next_at AS "nextAt",
  d.last_attempt_at AS "lastAttemptAt", d.last_status AS "lastStatus", d.last_error AS "lastError",
  v.created_at AS "createdAt"`;
