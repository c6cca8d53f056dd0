import { known } from "../core/known.ts";
import { type ReadTx, statement } from "../db/port.ts";
import type { MeetingState } from "../meetings/meeting.ts";

interface Row {
  matchId: string;
  meetingId: string;
  meetingState: MeetingState;
  state: "proposed" | "accepted";
  reasons: string[];
  startsAt: number;
  endsAt: number;
  answerBy: number;
  hasAccepted: boolean;
  partnerId: string;
  partnerName: string | null;
  partnerAvatarUrl: string | null;
  partnerHasAccepted: boolean;
}

const find = statement<Row>(
  "matches.current",
  `SELECT m.id AS "matchId", m.meeting_id AS "meetingId", t.state AS "meetingState", m.state, m.reasons,
     m.starts_at AS "startsAt", m.ends_at AS "endsAt", m.answer_by AS "answerBy",
     p.accepted_at IS NOT NULL AS "hasAccepted", q.user_id AS "partnerId",
     coalesce(f.display_name, u.display_name) AS "partnerName", u.avatar_url AS "partnerAvatarUrl",
     q.accepted_at IS NOT NULL AS "partnerHasAccepted"
   FROM match_people p JOIN matches m ON m.id = p.match_id JOIN meetings t ON t.id = m.meeting_id
     JOIN match_people q ON q.match_id = m.id AND q.user_id <> p.user_id JOIN users u ON u.id = q.user_id
     LEFT JOIN profiles f ON f.user_id = u.id
   WHERE p.user_id = $1 AND p.is_open`,
);

/** The match somebody is in, as they may see it: of the other one nothing that they keep to themselves. */
export async function currentMatch(tx: ReadTx, userId: string) {
  tx.reads(`matching:${userId}`);
  const row = await tx.first(find, [userId]);
  if (!row) return null;
  const { partnerId, partnerName, partnerAvatarUrl, partnerHasAccepted, ...match } = row;
  tx.reads(`meeting:${match.meetingId}`, `user:${partnerId}`);
  return {
    ...match,
    partner: {
      ...{ userId: partnerId, hasAccepted: partnerHasAccepted },
      ...known({ displayName: partnerName, avatarUrl: partnerAvatarUrl }),
    },
  };
}
