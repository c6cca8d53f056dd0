import { type ReadTx, statement, type Tx } from "../db/port.ts";

const find = statement<{ revision: number }>(
  "transcripts.revision",
  "SELECT revision FROM transcriptions WHERE meeting_id = $1",
);

const hold = statement<{ revision: number }>(
  "transcripts.holdRevision",
  "SELECT revision FROM transcriptions WHERE meeting_id = $1 FOR SHARE",
);

const increase = statement(
  "transcripts.revise",
  "UPDATE transcriptions SET revision = revision + 1 WHERE meeting_id = $1",
);

/** How often lines of a meeting's transcript were deleted or corrected: what was read at another revision may quote what is gone. */
export async function revisionOf(tx: ReadTx, meetingId: string): Promise<number> {
  return (await tx.first(find, [meetingId]))?.revision ?? 0;
}

/** As `revisionOf`. Lines that are being deleted are waited for, and no others are before the transaction ends. */
export async function heldRevision(tx: Tx, meetingId: string): Promise<number> {
  return (await tx.first(hold, [meetingId]))?.revision ?? 0;
}

/** Lines were deleted or corrected. */
export async function revise(tx: Tx, meetingId: string): Promise<void> {
  await tx.run(increase, [meetingId]);
}
