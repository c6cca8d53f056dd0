import type { Clock } from "../../core/clock.ts";
import { AppError } from "../../core/errors.ts";
import type { Database } from "../../db/port.ts";
import type { CaptureCopies, CopyState } from "../../media/format/port.ts";
import { findCapture } from "./captures.ts";
import { findCopy, forgetLostCopy, holdCopy, holdMs, type StoredCopy, wantCopy } from "./copies.ts";

/** Where nothing is archived, everything is where it was captured. */
export const capturesStay: CaptureCopies = {
  fetches: false,
  hold: async () => ({ kind: "here", isArchived: false }),
  lost: async () => undefined,
};

/** What the database said is trusted for so long, ms; players ask hundreds of times. */
const trustMs = holdMs / 3;
const mostTrusted = 1_000;
/** When it is worth asking again for what is being fetched, ms. */
const retryAfterMs = 2_000;

/** The copies on this site's disk of what is archived. */
export function createCaptureCopies(
  { db, clock }: { db: Database; clock: Clock },
  siteId: string,
): CaptureCopies {
  const trusted = new Map<string, { state: CopyState; until: number }>();
  const trust = (recordingId: string, state: CopyState, until: number) => {
    trusted.delete(recordingId);
    trusted.set(recordingId, { state, until });
    const [oldest] = trusted.keys();
    if (trusted.size > mostTrusted && oldest !== undefined) trusted.delete(oldest);
  };
  return {
    fetches: true,
    hold: async (recordingId, { restore }) => {
      const askedAt = clock.now();
      const known = trusted.get(recordingId);
      if (known && known.until > askedAt) return known.state;
      const state = await holdIn(db, recordingId, siteId, restore);
      if (state.kind === "here") trust(recordingId, state, askedAt + trustMs);
      return state;
    },
    lost: async (recordingId) => {
      trusted.delete(recordingId);
      await db.transaction((tx) => forgetLostCopy(tx, recordingId, siteId));
    },
  };
}

function holdIn(
  db: Database,
  recordingId: string,
  siteId: string,
  restore: boolean,
): Promise<CopyState> {
  return db.transaction(async (tx) => {
    const capture = await findCapture(tx, recordingId);
    // A capture that is archived from now on is held for as long as this answer is trusted.
    if (!capture?.isArchived) return { kind: "here", isArchived: false };
    if (await holdCopy(tx, recordingId, siteId)) return { kind: "here", isArchived: true };
    if (restore) await wantCopy(tx, capture.meetingId, recordingId, siteId);
    return stateOf(await findCopy(tx, recordingId, siteId));
  });
}

function stateOf(copy: StoredCopy | undefined): CopyState {
  switch (copy?.state) {
    case undefined:
      return { kind: "archived" };
    case "failed":
      return { kind: "failed", reason: copy?.errorMessage ?? "it could not be fetched" };
    case "restoring":
      return { kind: "restoring", done: copy?.progress ?? 0 };
    // It has just come, or just goes: whoever asks again is told.
    default:
      return { kind: "restoring", done: 0 };
  }
}

/** How callers are told that what they want is not here. */
export function notHere(recordingId: string, state: Exclude<CopyState, { kind: "here" }>) {
  if (state.kind === "failed")
    return new AppError("CONFLICT", "What was captured could not be fetched from the store", {
      ...{ recordingId, reason: "restore_failed", detail: state.reason },
    });
  const done = state.kind === "restoring" ? state.done : 0;
  return new AppError("CONFLICT", "What was captured is being fetched from the store", {
    ...{ recordingId, reason: "restoring", done, retryAfterMs },
  });
}
