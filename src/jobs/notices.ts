import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Database } from "../db/port.ts";
import { recordPresence } from "../meetings/people/presence.ts";
import { endSessions, noteSession } from "../meetings/people/providerSessions.ts";
import { claimNotices, finishNotice, heedNotice, type Notice } from "../recordings/notices.ts";
import { type Loop, startLoop } from "./loop.ts";

const batch = 32;
const idleMs = 1_000;

interface NoticeServices {
  db: Database;
  clock: Clock;
  log: Log;
}

/** Works on what the video provider has told, on every node; a notice that fails is tried again a minute later. */
export function startNoticeLoop(services: NoticeServices): Loop {
  const { clock, log } = services;
  const work = async () => (await workOnNotices(services)) === batch;
  return startLoop({ name: "notices", idleMs, clock, log, work });
}

/** @returns how many were worked on */
export async function workOnNotices(services: NoticeServices): Promise<number> {
  const { db, log } = services;
  const notices = await db.transaction((tx) => claimNotices(tx, batch));
  for (const notice of notices) {
    try {
      await heedPresence(db, notice);
      await db.transaction(async (tx) => {
        await heedNotice(tx, notice);
        await finishNotice(tx, notice);
      });
    } catch (error) {
      const { id, type } = notice;
      log.warn({ err: error, id, type }, "a notice could not be worked on yet");
    }
  }
  return notices.length;
}

/** RFC 3339, or nanoseconds as elsewhere in the provider's API; epoch ms. */
function momentOf(told: unknown): number {
  return typeof told === "number" ? told / 1e6 : Date.parse(String(told));
}

/** Repeatable: who is there by now is what counts. */
async function heedPresence(db: Database, { type, roomId, body }: Notice): Promise<void> {
  const at = momentOf(body["created_at"]);
  if (roomId === null || Number.isNaN(at)) return;
  if (type === "call.session_ended" || type === "call.ended") {
    const gone = await db.transaction((tx) => endSessions(tx, roomId, at));
    for (const userId of gone) await recordPresence(db, { roomId, userId, state: "left", at });
    return;
  }
  const isIn = type === "call.session_participant_joined";
  if (!isIn && type !== "call.session_participant_left") return;
  const { user, user_session_id } = (body["participant"] ?? {}) as Record<string, unknown>;
  const { id: userId } = (user ?? {}) as Record<string, unknown>;
  if (typeof userId !== "string" || typeof user_session_id !== "string") return;
  const word = { roomId, userId, sessionId: user_session_id, isIn, at };
  const present = await db.transaction((tx) => noteSession(tx, word));
  await recordPresence(db, { roomId, userId, state: present ? "joined" : "left", at });
}
