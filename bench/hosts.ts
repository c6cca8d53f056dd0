import type pg from "pg";
import { newId } from "../src/core/ids.ts";

/** A host with a running paid meeting of their own. */
export interface Host {
  userId: string;
  meetingId: string;
}

/** Writes that many hosts and their meetings: the limit of three starts a minute is each host's own. */
export async function writeHosts(pool: pg.Pool, count: number): Promise<Host[]> {
  const hosts = Array.from({ length: count }, () => {
    return { userId: newId("users"), meetingId: newId("meetings") };
  });
  const users = hosts.map(({ userId }) => userId);
  const meetings = hosts.map(({ meetingId }) => meetingId);
  const participants = hosts.map(() => newId("meetingParticipants"));
  await pool.query(
    `INSERT INTO users (id, issuer, subject, email, display_name, plan)
     SELECT id, 'bench', id, id || '@bench.invalid', 'Host', 'paid' FROM unnest($1::text[]) AS id`,
    [users],
  );
  await pool.query(
    `INSERT INTO meetings (id, organizer_id, title, duration_ms, state, tier, recording_permitted,
       transcription_enabled, max_participants, room_id, started_at)
     SELECT id, organizer, 'Planning', 1800000, 'active', 'paid', true, false, 8, id, app_now()
     FROM unnest($1::text[], $2::text[]) AS m (id, organizer)`,
    [meetings, users],
  );
  await pool.query(
    `INSERT INTO meeting_participants (id, meeting_id, user_id, role, presence, in_room)
     SELECT id, meeting, host, 'host', 'joined', true
     FROM unnest($1::text[], $2::text[], $3::text[]) AS p (id, meeting, host)`,
    [participants, meetings, users],
  );
  return hosts;
}
