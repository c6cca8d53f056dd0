import { AppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
import { type ReadTx, statement } from "../../db/port.ts";
import type { RoomRef, RoomSpec } from "../../video/port.ts";
import type { Meeting } from "../meeting.ts";
import type { MeetingServices } from "../services.ts";
import { requireActive } from "../states.ts";

type RoomServices = Pick<MeetingServices, "db" | "video">;

type RoomFacts = Pick<
  Meeting,
  "id" | "state" | "tier" | "roomId" | "title" | "maxParticipants" | "organizerId"
> & { description: string | null; organizerName: string | null };

const findRoom = statement<RoomFacts>(
  "meetings.findRoom",
  `SELECT m.id, m.state, m.tier, m.room_id AS "roomId", m.title, m.description,
     m.max_participants AS "maxParticipants", m.organizer_id AS "organizerId",
     u.display_name AS "organizerName"
   FROM meetings m JOIN users u ON u.id = m.organizer_id WHERE m.id = $1`,
);

/** Waits for a meeting that is being ended and finds it no longer active then. */
const recordOpened = statement(
  "meetings.recordRoomOpened",
  `UPDATE meetings SET room_id = $2, room_due_at = NULL WHERE id = $1 AND state = 'active'`,
);

const recordClosed = statement(
  "meetings.recordRoomClosed",
  `UPDATE meetings SET room_due_at = NULL WHERE id = $1 AND state = 'concluded'`,
);

/** A paid meeting's room has the meeting's own id: whoever opens it, however often, opens the same one. */
export function roomOf(meetingId: string): RoomRef {
  return { meetingId, roomId: meetingId };
}

/**
 * The room of a running paid meeting, opened now if it is not open yet. Idempotent, for any number of callers;
 * never called inside a transaction, because it waits for the provider.
 * @throws AppError NOT_FOUND, MEETING_NOT_ACTIVE, VALIDATION_ERROR (free tier), and what the provider refuses with
 */
export async function ensureRoom(services: RoomServices, meetingId: string): Promise<string> {
  const room = await services.db.read((tx) => requireRoom(tx, meetingId));
  return room.roomId ?? openRoom(services, room);
}

async function requireRoom(tx: ReadTx, meetingId: string): Promise<RoomFacts> {
  const room = await tx.first(findRoom, [meetingId]);
  if (!room) throw new AppError("NOT_FOUND", "Meeting not found", { id: meetingId });
  orThrow(requireActive(room));
  if (room.tier === "paid") return room;
  throw new AppError("VALIDATION_ERROR", "Meetings of the free tier connect peer to peer", {
    field: "meetingId",
    reason: "paid_tier_required",
  });
}

async function openRoom(services: RoomServices, room: RoomFacts): Promise<string> {
  const ref = roomOf(room.id);
  await services.video.createRoom(specOf(room));
  const opened = await services.db.transaction(async (tx) => {
    const rows = await tx.run(recordOpened, [room.id, ref.roomId]);
    if (rows > 0) tx.writes(`meeting:${room.id}`);
    return rows > 0;
  });
  if (opened) return ref.roomId;
  // The meeting ended meanwhile: its room has been closed already, and then opened again by us.
  await services.video.closeRoom(ref);
  throw new AppError("MEETING_NOT_ACTIVE", "The meeting has ended", {
    meetingId: room.id,
    state: "concluded",
  });
}

function specOf(room: RoomFacts): RoomSpec {
  return {
    ...roomOf(room.id),
    title: room.title,
    ...(room.description === null ? {} : { description: room.description }),
    organizer: { userId: room.organizerId, name: room.organizerName ?? "Host" },
    maxParticipants: room.maxParticipants,
  };
}

/** Closes the room of an ended meeting: all media, at once; an open recording is sealed. Idempotent. */
export async function closeRoom(services: RoomServices, meetingId: string): Promise<void> {
  await services.video.closeRoom(roomOf(meetingId));
  await services.db.transaction((tx) => tx.run(recordClosed, [meetingId]));
}
