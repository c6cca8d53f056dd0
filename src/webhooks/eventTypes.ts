/** Our events that the world is told of, and what they are called there. Everything else stays inside. */
const outgoing = {
  meeting_started: "meeting.started",
  meeting_ended: "meeting.ended",
  recording_started: "recording.started",
  recording_paused: "recording.paused",
  recording_resumed: "recording.resumed",
  recording_stopped: "recording.stopped",
  recording_found: "recording.found",
  recording_ready: "recording.ready",
  recording_failed: "recording.failed",
  recording_deleted: "recording.deleted",
} as const;

/** A type that an endpoint can be told of. */
export type WebhookType = (typeof outgoing)[keyof typeof outgoing];

/** Sent on request only, to one endpoint. */
export const testType = "webhook.test";

const byEvent = new Map<string, WebhookType>(Object.entries(outgoing));

/** What an event of a meeting or recording is called outside; undefined when nobody is told of it. */
export function webhookTypeOf(eventType: string): WebhookType | undefined {
  return byEvent.get(eventType);
}
