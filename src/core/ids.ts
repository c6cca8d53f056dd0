import { typeid } from "typeid-js";

/** Table name as clients know it → TypeID prefix of its keys. */
export const idPrefixes = {
  users: "user",
  profiles: "profile",
  userSettings: "settings",
  organizations: "org",
  meetings: "meeting",
  meetingParticipants: "participant",
  meetingInvites: "invite",
  meetingEvents: "event",
  meetingRecordings: "recording",
  renditions: "rendition",
  auditLogs: "audit",
  commits: "commit",
  webhookEndpoints: "endpoint",
  webhookEvents: "webhook",
  webrtcSessions: "session",
  webrtcSignals: "signal",
  connectionMetrics: "metrics",
  transcripts: "line",
  transcriptSegments: "segment",
  meetingNotes: "notes",
  noteOps: "noteop",
  noteQueues: "queue",
  offlineCheckpoints: "checkpoint",
  insights: "insight",
  prompts: "prompt",
  embeddings: "embedding",
  vectorIndexMeta: "vectorindex",
  matchingQueue: "entry",
  matches: "match",
  matchingAnalytics: "outcome",
  matchingWeights: "weights",
} as const;

export type IdTable = keyof typeof idPrefixes;

/** A new time-ordered key, e.g. `recording_01jd…` (TypeID over UUIDv7, https://github.com/jetify-com/typeid). */
export function newId(table: IdTable): string {
  return typeid(idPrefixes[table]).toString();
}
