import type { ParticipantRole, Plan } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import { pageLength } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";
import type { MeetingState, Member } from "./meeting.ts";

type Presence = Member["presence"];

interface MeetingRow {
  id: string;
  title: string;
  description: string | null;
  organizerId: string;
  state: MeetingState;
  tier: Plan;
  roomId: string | null;
  transcriptionEnabled: boolean;
  scheduledAt: number | null;
  durationMs: number;
  startedAt: number | null;
  endedAt: number | null;
  createdAt: number;
  updatedAt: number;
  role: ParticipantRole;
  presence: Presence;
  people: number;
  inRoom: number;
  recordingId: string | null;
  recordingState: "starting" | "recording" | "stopping";
  recordingStartedAt: number;
  recordingStartedBy: string;
  recordingStartedByName: string | null;
  recordingPausedAt: number | null;
}

/** A user's meetings with their place in them, the people in them and the recording that is open, at once. */
const selectMeetings = `
  SELECT m.id, m.title, m.description, m.organizer_id AS "organizerId", m.state, m.tier,
    m.room_id AS "roomId", m.transcription_enabled AS "transcriptionEnabled",
    m.scheduled_at AS "scheduledAt", m.duration_ms AS "durationMs",
    m.started_at AS "startedAt", m.ended_at AS "endedAt", m.created_at AS "createdAt",
    m.updated_at AS "updatedAt", p.role, p.presence, n.people, n.in_room AS "inRoom",
    r.id AS "recordingId", r.state AS "recordingState", r.started_by AS "recordingStartedBy",
    (SELECT u.display_name FROM users u WHERE u.id = r.started_by) AS "recordingStartedByName",
    r.paused_at AS "recordingPausedAt",
    coalesce(r.started_at, r.requested_at) AS "recordingStartedAt"
  FROM meeting_participants p
  JOIN meetings m ON m.id = p.meeting_id
  CROSS JOIN LATERAL (
    SELECT count(*) AS people, count(*) FILTER (WHERE in_room) AS in_room
    FROM meeting_participants WHERE meeting_id = m.id) n
  LEFT JOIN recordings r
    ON r.meeting_id = m.id AND r.state IN ('starting', 'recording', 'stopping')`;

const findMeeting = statement<MeetingRow>(
  "meetings.viewOne",
  `${selectMeetings} WHERE p.user_id = $1 AND p.meeting_id = $2`,
);

/** Meeting ids are time-ordered, so this reads the newest from the index and stops. */
const findMeetings = statement<MeetingRow>(
  "meetings.viewMany",
  `${selectMeetings}
   WHERE p.user_id = $1 AND ($2::text IS NULL OR m.state = $2)
   ORDER BY p.meeting_id DESC LIMIT $3`,
);

const openSession = "s.state IN ('connecting', 'connected', 'disconnected')";

const countSessions = statement<{ open: number }>(
  "meetings.countSessions",
  `SELECT count(*) AS open FROM webrtc_sessions s WHERE s.meeting_id = $1 AND ${openSession}`,
);

/**
 * A meeting as a participant sees it.
 * @param listens whether this server writes down what is said in recordings, where plan and host allow it
 * @throws AppError NOT_FOUND
 */
export async function meetingView(
  tx: ReadTx,
  userId: string,
  { meetingId, listens }: { meetingId: string; listens: boolean },
) {
  tx.reads(`meeting:${meetingId}`);
  const row = await tx.first(findMeeting, [userId, meetingId]);
  if (row) tx.reads(...starterOf(row));
  if (!row) throw new AppError("NOT_FOUND", "Meeting not found", { id: meetingId });
  tx.reads(`sessions:${meetingId}`);
  const sessions = await tx.first(countSessions, [meetingId]);
  return {
    ...listed(row),
    _creationTime: row.createdAt,
    activeWebRTCSessions: row.inRoom + (sessions?.open ?? 0),
    transcriptionEnabled: row.transcriptionEnabled,
    webrtcEnabled: row.tier === "free",
    ...(row.roomId === null ? {} : { streamRoomId: row.roomId }),
    ...(listens && row.tier === "paid" && row.transcriptionEnabled ? { transcription: true } : {}),
  };
}

const usualLength = 50;

/** The user's meetings, newest first. @throws AppError VALIDATION_ERROR for a limit outside 1…100 */
export async function meetingViews(
  tx: ReadTx,
  userId: string,
  { state, limit }: { state?: MeetingState; limit?: number },
) {
  const length = orThrow(pageLength(limit, usualLength));
  const rows = await tx.all(findMeetings, [userId, state ?? null, length]);
  tx.reads(
    `memberships:${userId}`,
    ...rows.flatMap((row) => [`meeting:${row.id}` as const, ...starterOf(row)]),
  );
  return rows.map(listed);
}

/** Whose name the open recording shows. */
function starterOf({ recordingId, recordingStartedBy }: MeetingRow) {
  return recordingId === null ? [] : [`user:${recordingStartedBy}` as const];
}

function listed(row: MeetingRow) {
  return {
    _id: row.id,
    createdAt: row.createdAt,
    duration: durationOf(row),
    organizerId: row.organizerId,
    participantCount: row.people,
    state: row.state,
    title: row.title,
    updatedAt: row.updatedAt,
    userPresence: row.presence,
    userRole: row.role,
    ...(row.description === null ? {} : { description: row.description }),
    ...(row.scheduledAt === null ? {} : { scheduledAt: row.scheduledAt }),
    ...(row.recordingId === null ? {} : { recording: recordingOf(row, row.recordingId) }),
  };
}

/** How long an ended meeting ran, else how long it is planned to, ms. */
function durationOf({ durationMs, startedAt, endedAt }: MeetingRow): number {
  return startedAt !== null && endedAt !== null ? Math.max(0, endedAt - startedAt) : durationMs;
}

function recordingOf(row: MeetingRow, recordingId: string) {
  return {
    recordingId,
    state: row.recordingState,
    startedAt: row.recordingStartedAt,
    startedBy: row.recordingStartedBy,
    ...(row.recordingStartedByName === null ? {} : { startedByName: row.recordingStartedByName }),
    ...(row.recordingPausedAt === null ? {} : { pausedAt: row.recordingPausedAt }),
  };
}

interface ParticipantRow {
  id: string;
  meetingId: string;
  userId: string;
  role: ParticipantRole;
  presence: Presence;
  inRoom: boolean;
  sessions: number;
  connected: number;
  createdAt: number;
  joinedAt: number | null;
  leftAt: number | null;
  displayName: string | null;
  avatarUrl: string | null;
}

const findParticipants = statement<ParticipantRow>(
  "meetings.viewParticipants",
  `SELECT p.id, p.meeting_id AS "meetingId", p.user_id AS "userId", p.role, p.presence,
     p.in_room AS "inRoom", n.sessions, n.connected, p.created_at AS "createdAt", p.joined_at AS "joinedAt",
     p.left_at AS "leftAt", u.display_name AS "displayName", u.avatar_url AS "avatarUrl"
   FROM meeting_participants p JOIN users u ON u.id = p.user_id
   CROSS JOIN LATERAL (
     SELECT count(*) AS sessions, count(*) FILTER (WHERE s.state = 'connected') AS connected FROM webrtc_sessions s
     WHERE s.meeting_id = p.meeting_id AND s.user_id = p.user_id AND ${openSession}) n
   WHERE p.meeting_id = $1 ORDER BY p.created_at, p.id`,
);

/** The people of a meeting, in the order they were added; never their addresses. */
export async function participantViews(tx: ReadTx, meetingId: string) {
  const rows = await tx.all(findParticipants, [meetingId]);
  tx.reads(
    `meeting:${meetingId}`,
    `sessions:${meetingId}`,
    ...rows.map((row) => `user:${row.userId}` as const),
  );
  return rows.map((row) => ({
    _id: row.id,
    _creationTime: row.createdAt,
    createdAt: row.createdAt,
    meetingId: row.meetingId,
    userId: row.userId,
    role: row.role,
    presence: row.presence,
    webrtcConnected: row.inRoom || row.connected > 0,
    webrtcSessionCount: (row.inRoom ? 1 : 0) + row.sessions,
    user: {
      _id: row.userId,
      ...(row.displayName === null ? {} : { displayName: row.displayName }),
      ...(row.avatarUrl === null ? {} : { avatarUrl: row.avatarUrl }),
    },
    ...(row.joinedAt === null ? {} : { joinedAt: row.joinedAt }),
    ...(row.leftAt === null ? {} : { leftAt: row.leftAt }),
  }));
}
