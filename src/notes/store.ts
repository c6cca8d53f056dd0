import { newId } from "../core/ids.ts";
import { namedStatement, type ReadTx, statement, type Tx } from "../db/port.ts";
import type { Notes, Writer } from "./notes.ts";
import type { Logged } from "./rebase.ts";
import { logLimits, type Written, writeLimits } from "./rules.ts";
import { type AppliedPart, operationOf } from "./textOperation.ts";

const columns = `n.meeting_id AS "meetingId", n.content, n.version, n.sequence, n.kept_from AS "keptFrom",
  n.logged_characters AS "loggedCharacters", n.rebased_at AS "rebasedAt", n.created_at AS "createdAt",
  n.updated_at AS "updatedAt"`;

/** Those that nobody has written yet are empty, since their meeting was made. */
const findOfMeeting = statement<Notes>(
  "notes.find",
  `SELECT m.id AS "meetingId", coalesce(n.content, '') AS content, coalesce(n.version, 0) AS version,
     coalesce(n.sequence, 0) AS sequence, coalesce(n.kept_from, 0) AS "keptFrom",
     coalesce(n.logged_characters, 0) AS "loggedCharacters", coalesce(n.rebased_at, m.created_at) AS "rebasedAt",
     m.created_at AS "createdAt", coalesce(n.updated_at, m.created_at) AS "updatedAt"
   FROM meetings m LEFT JOIN meeting_notes n ON n.meeting_id = m.id WHERE m.id = $1`,
);

const insertNotes = statement(
  "notes.insert",
  "INSERT INTO meeting_notes (meeting_id) VALUES ($1) ON CONFLICT DO NOTHING",
);

const lockOfMeeting = statement<Notes>(
  "notes.lock",
  `SELECT ${columns} FROM meeting_notes n WHERE n.meeting_id = $1 FOR UPDATE`,
);

const update = namedStatement<Record<never, never>, NotesChange>(
  "notes.update",
  `UPDATE meeting_notes SET content = :content, version = :version, sequence = :sequence,
     logged_characters = :loggedCharacters, updated_at = app_now(),
     rebased_at = CASE WHEN :isRebased THEN app_now() ELSE rebased_at END
   WHERE meeting_id = :meetingId`,
);

interface NotesChange
  extends Pick<Notes, "meetingId" | "content" | "version" | "sequence" | "loggedCharacters"> {
  /** It was moved over what others had written. */
  isRebased: boolean;
}

const appendOperations = statement(
  "notes.append",
  `INSERT INTO note_operations (meeting_id, sequence, id, author_id, client_id, type, position, content, characters)
   SELECT $1, o.sequence, o.id, $2, $3, o.type, o.position, o.content, o.characters
   FROM jsonb_to_recordset($4::jsonb)
     AS o (sequence bigint, id text, type text, position integer, content text, characters integer)`,
);

type LogRow = AppliedPart & {
  id: string;
  sequence: number;
  authorId: string;
  clientId: string | null;
};

const logSince = statement<LogRow>(
  "notes.logSince",
  `SELECT id, sequence, author_id AS "authorId", client_id AS "clientId", type, position, content
   FROM note_operations WHERE meeting_id = $1 AND sequence > $2 ORDER BY sequence`,
);

const writtenBy = statement<Written>(
  "notes.writtenBy",
  `SELECT count(*) AS operations, coalesce(sum(characters), 0)::bigint AS characters,
     coalesce(${writeLimits.windowMs} - extract(epoch FROM app_now() - min(created_at)) * 1000, 0)::double precision
       AS "oldestLeftMs"
   FROM note_operations
   WHERE author_id = $1 AND created_at > app_now() - interval '${writeLimits.windowMs} milliseconds'`,
);

/** A tenth more than has to go, so that not every operation is followed by a removal. */
const pruneLog = statement(
  "notes.pruneLog",
  `WITH counted AS (
     SELECT sequence, row_number() OVER newest AS operations, sum(characters) OVER newest AS characters
     FROM note_operations WHERE meeting_id = $1 WINDOW newest AS (ORDER BY sequence DESC)),
   removed AS (
     DELETE FROM note_operations o USING counted c
     WHERE o.meeting_id = $1 AND o.sequence = c.sequence
       AND (c.operations > ${logLimits.operations * 0.9} OR c.characters > ${logLimits.characters * 0.9})
     RETURNING o.sequence, o.characters)
   UPDATE meeting_notes n SET kept_from = r.last, logged_characters = n.logged_characters - r.characters
   FROM (SELECT max(sequence) AS last, sum(characters) AS characters FROM removed) r
   WHERE n.meeting_id = $1 AND r.last IS NOT NULL`,
);

/** @returns undefined where there is no such meeting */
export function findNotes(tx: ReadTx, meetingId: string): Promise<Notes | undefined> {
  tx.reads(`notes:${meetingId}`);
  return tx.first(findOfMeeting, [meetingId]);
}

/** The notes of a meeting that is there, kept from being changed by others until the transaction ends. */
export async function lockNotes(tx: Tx, meetingId: string): Promise<Notes> {
  const found = await tx.first(lockOfMeeting, [meetingId]);
  if (found) return found;
  await tx.run(insertNotes, [meetingId]);
  const inserted = await tx.first(lockOfMeeting, [meetingId]);
  if (!inserted) throw new Error("the notes were not made");
  return inserted;
}

/** An operation of the log, and what it did. */
export type LogEntry = Logged & { part: AppliedPart; clientId: string | null };

/** What was done to locked notes after that operation, in order. */
export async function readLog(tx: ReadTx, meetingId: string, after: number): Promise<LogEntry[]> {
  const rows = await tx.all(logSince, [meetingId, after]);
  return rows.map(({ id, sequence, authorId, clientId, ...part }) => ({
    ...{ id, sequence, authorId, clientId, part, operation: operationOf(part) },
  }));
}

/** What somebody has written in the last minute, wherever. */
export async function writtenLately(tx: ReadTx, userId: string): Promise<Written> {
  const written = await tx.first(writtenBy, [userId]);
  if (!written) throw new Error("the database did not count");
  return written;
}

/** A part as an entry of the log. */
export function logEntry(
  part: AppliedPart,
  at: { sequence: number; authorId: string; clientId: string | null },
): LogEntry {
  return { ...at, id: newId("noteOps"), part, operation: operationOf(part) };
}

/** Stores locked notes, and what was done to them since they were locked. */
export async function saveNotes(
  tx: Tx,
  writer: Writer & { clientId: string | null },
  change: Omit<NotesChange, "meetingId" | "loggedCharacters"> & Pick<Notes, "keptFrom">,
  before: Pick<Notes, "loggedCharacters">,
  entries: readonly LogEntry[],
): Promise<void> {
  const { meetingId, userId, clientId } = writer;
  const rows = entries.map(({ id, sequence, part }) => ({
    ...{ id, sequence, ...part, characters: part.content.length },
  }));
  const added = rows.reduce((sum, { characters }) => sum + characters, 0);
  const loggedCharacters = before.loggedCharacters + added;
  await tx.run(appendOperations, [meetingId, userId, clientId, JSON.stringify(rows)]);
  const { keptFrom, ...stored } = change;
  await tx.run(update, update.bind({ ...stored, meetingId, loggedCharacters }));
  const isLong = change.sequence - keptFrom > logLimits.operations;
  if (isLong || loggedCharacters > logLimits.characters) await tx.run(pruneLog, [meetingId]);
  tx.writes(`notes:${meetingId}`);
}
