import { AppError } from "../core/errors.ts";
import { idPrefixes } from "../core/ids.ts";
import type { ReadTx } from "../db/port.ts";
import type { Notes } from "./notes.ts";
import { findNotes } from "./store.ts";

/** The notes as a document; a meeting has one, so its id tells theirs. */
export async function notesDocument(tx: ReadTx, meetingId: string) {
  const { content, version, rebasedAt, createdAt, updatedAt } = await requireNotes(tx, meetingId);
  return {
    _id: `${idPrefixes.meetingNotes}${meetingId.slice(idPrefixes.meetings.length)}`,
    _creationTime: createdAt,
    meetingId,
    content,
    version,
    lastRebasedAt: rebasedAt,
    updatedAt,
  };
}

/** The notes as they are followed: `cursor` is the last operation in `content`. */
export async function followedNotes(tx: ReadTx, meetingId: string) {
  const { content, version, sequence, updatedAt } = await requireNotes(tx, meetingId);
  return { content, version, cursor: String(sequence), lastUpdated: updatedAt };
}

async function requireNotes(tx: ReadTx, meetingId: string): Promise<Notes> {
  const notes = await findNotes(tx, meetingId);
  if (notes) return notes;
  throw new AppError("NOT_FOUND", "Meeting not found", { id: meetingId });
}
