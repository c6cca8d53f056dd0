import { AppError } from "../core/errors.ts";
import { orThrow, refuse } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import type { Tx } from "../db/port.ts";
import { auditNotes } from "./audit.ts";
import type { Writer } from "./notes.ts";
import { OpenNotes } from "./openNotes.ts";
import { checkReason } from "./rules.ts";
import { applied, composed, inverseOf, replacement } from "./textOperation.ts";

/**
 * Brings back the text as it was after an operation, by another one: nothing is taken out of the log, and sequences go on.
 * @returns how many operations it takes back
 * @throws AppError VALIDATION_ERROR, CONFLICT `history_not_kept`, MEETING_NOT_ACTIVE (cancelled)
 */
export async function rollBack(
  tx: Tx,
  writer: Writer,
  { targetSequence, reason }: { targetSequence: number; reason?: string | undefined },
) {
  if (reason !== undefined) orThrow(checkReason(reason));
  const notes = await OpenNotes.lock(tx, writer);
  const { sequence, keptFrom, content } = notes;
  const bounds = { min: 0, max: sequence };
  const target = orThrow(wholeNumber("targetSequence", targetSequence, bounds));
  if (target < keptFrom) orThrow(refuse(notKept(keptFrom)));
  const log = await notes.logAfter(target);
  const back = composed(log.map(({ part }) => inverseOf(part)).reverse());
  const { text } = orThrow(applied(content, back));
  orThrow(notes.replace(replacement(content, text)));
  const operationsRemoved = sequence - target;
  if (await notes.save())
    await auditNotes(tx, writer, "rollback_operations", {
      ...{ targetSequence: target, operationsRemoved, sequence: notes.sequence },
      ...(reason !== undefined && { reason }),
    });
  return { success: true, newVersion: notes.version, operationsRemoved };
}

function notKept(keptFrom: number): AppError {
  const message = `What the notes were before operation ${keptFrom} is not kept any more`;
  return new AppError("CONFLICT", message, { reason: "history_not_kept", oldest: keptFrom });
}
