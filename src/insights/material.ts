import { type ReadTx, statement } from "../db/port.ts";
import type { Meeting } from "../meetings/meeting.ts";
import { requireMeeting } from "../meetings/store.ts";
import { findNotes } from "../notes/store.ts";
import { revisionOf } from "../transcripts/revision.ts";
import type { SaidLine } from "./extract/sentences.ts";

/** Somebody in a meeting, and what they let others know of themselves. */
export interface Attendee {
  id: string;
  name: string | null;
  /** They were there, rather than invited. */
  cameIn: boolean;
  /** Others may see their profile. */
  isVisible: boolean;
  field: string | null;
  goals: string | null;
  /** Labels of the catalogue; what somebody named themselves is shown to nobody else. */
  interests: string[];
}

/** What a meeting left, read at one moment. */
export interface MeetingMaterial {
  meeting: Meeting;
  /** Final lines in the order of speech; of a transcript beyond all measure, its beginning. */
  lines: SaidLine[];
  /** The number of the transcript's last line. */
  lastSequence: number;
  notes: string;
  attendees: Attendee[];
  /** How often lines had been deleted or corrected. */
  revision: number;
}

const pageOfLines = 500;
/** Ten hours of speech have a third of that. */
const mostCharacters = 2_000_000;
const mostLines = 20_000;

const linesFrom = statement<SaidLine>(
  "insights.linesFrom",
  `SELECT sequence, speaker_id AS "speakerId", text, start_ms AS "startMs", end_ms AS "endMs" FROM transcripts
   WHERE meeting_id = $1 AND NOT is_interim AND (start_ms, sequence) > ($2, $3)
   ORDER BY start_ms, sequence LIMIT ${pageOfLines}`,
);

const lastSequenceOf = statement<{ last: number }>(
  "insights.lastSequence",
  "SELECT last_sequence AS last FROM transcriptions WHERE meeting_id = $1",
);

/** Active people, those who have been in it longest first; of a crowd as many as anybody could have spoken with. */
const attendeesOf = statement<Attendee>(
  "insights.attendees",
  `SELECT u.id, u.display_name AS name, p.joined_at IS NOT NULL AS "cameIn",
     coalesce(s.profile_visibility, true) AS "isVisible", f.field, f.goals,
     ARRAY(SELECT i.label FROM user_interests c JOIN interests i ON i.key = c.interest_key
       WHERE c.user_id = u.id ORDER BY i.label LIMIT 50) AS interests
   FROM meeting_participants p JOIN users u ON u.id = p.user_id AND u.is_active
   LEFT JOIN user_settings s ON s.user_id = u.id LEFT JOIN profiles f ON f.user_id = u.id
   WHERE p.meeting_id = $1 ORDER BY p.created_at, p.id LIMIT 500`,
);

/** Reads what a meeting left. @throws AppError NOT_FOUND */
export async function readMaterial(tx: ReadTx, meetingId: string): Promise<MeetingMaterial> {
  const meeting = await requireMeeting(tx, meetingId);
  return {
    meeting,
    lines: await readLines(tx, meetingId),
    lastSequence: (await tx.first(lastSequenceOf, [meetingId]))?.last ?? 0,
    revision: await revisionOf(tx, meetingId),
    notes: (await findNotes(tx, meetingId))?.content ?? "",
    attendees: await attendees(tx, meetingId),
  };
}

/** The active people of a meeting. */
export function attendees(tx: ReadTx, meetingId: string): Promise<Attendee[]> {
  return tx.all(attendeesOf, [meetingId]);
}

async function readLines(tx: ReadTx, meetingId: string): Promise<SaidLine[]> {
  const lines: SaidLine[] = [];
  let characters = 0;
  let after: [number, number] = [-1, 0];
  while (lines.length < mostLines && characters < mostCharacters) {
    const page = await tx.all(linesFrom, [meetingId, ...after]);
    lines.push(...page);
    characters += page.reduce((sum, { text }) => sum + text.length, 0);
    const last = page.at(-1);
    if (!last || page.length < pageOfLines) break;
    after = [last.startMs, last.sequence];
  }
  return lines;
}
