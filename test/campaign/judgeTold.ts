import type { World } from "./world.ts";

interface Event {
  id: string;
  subject: string;
  sequence: number;
  type: string;
  delivered: boolean;
}

const events = `SELECT v.id, coalesce(v.recording_id, v.meeting_id) AS subject, v.sequence, v.type,
    d.state = 'delivered' AS delivered
  FROM webhook_events v LEFT JOIN webhook_deliveries d ON d.event_id = v.id ORDER BY v.created_at, v.sequence`;

/** Every event arrived at least once, the same each time, and is numbered in its order without a gap. */
export async function judgeTold({ sql, received }: World): Promise<string[]> {
  const found: string[] = [];
  const last = new Map<string, number>();
  const bodies = new Map<string, string>();
  for (const { id, body } of received) {
    if ((bodies.get(id) ?? body) !== body) found.push("webhook: told otherwise the second time");
    bodies.set(id, body);
  }
  for (const { id, subject, sequence, type, delivered } of await sql<
    Event & Record<string, unknown>
  >(events)) {
    if (!delivered) found.push(`webhook: ${type} is not delivered`);
    const told = bodies.get(id);
    if (told === undefined) found.push(`webhook: ${type} never arrived`);
    else if (sequenceIn(told) !== sequence) found.push("webhook: another number than its event's");
    if (sequence !== (last.get(subject) ?? 0) + 1) found.push(`webhook: ${type} is out of order`);
    last.set(subject, sequence);
  }
  return found;
}

const sequenceIn = (body: string) =>
  (JSON.parse(body) as { data: { sequence: number } }).data.sequence;
