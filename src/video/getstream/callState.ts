import type { CallResponse, RecordSettingsResponse } from "@stream-io/node-sdk";

/** What matters to recordings in Stream's picture of a call. Times are epoch ms. */
export interface CallState {
  /** Ended for good; nobody can join again. */
  ended: boolean;
  /** The session people are in, or were in last. */
  sessionId?: string;
  sessionEndedAt?: number;
  /** Somebody is in the call now. */
  live: boolean;
  composite: "idle" | "starting" | "running";
  recordingSettings?: RecordSettingsResponse;
}

/** Spellings of "asked for, not capturing yet"; the specification leaves the status a free string. */
const startingStatuses = new Set(["starting", "pending", "created", "requested", "initializing"]);

/** Reads a call, tolerating what Stream leaves out or sends as `null`. */
export function readCall(call: Lax<CallResponse>): CallState {
  const session = call.session ?? undefined;
  const sessionId = call.current_session_id || session?.id;
  const sessionEndedAt = session?.ended_at?.getTime();
  const ended = call.ended_at != null;
  const open = !ended && Boolean(call.current_session_id) && sessionEndedAt === undefined;
  return {
    ended,
    live: open && people(session) > 0,
    composite: compositeState(call),
    ...(sessionId ? { sessionId } : {}),
    ...(sessionEndedAt === undefined ? {} : { sessionEndedAt }),
    ...(call.settings?.recording ? { recordingSettings: call.settings.recording } : {}),
  };
}

/** Any field may be missing or `null` on the wire, whatever the SDK's types promise. */
type Lax<T> = { [K in keyof T]?: T[K] | null };

function compositeState(call: Lax<CallResponse>): CallState["composite"] {
  const status = call.egress?.composite_recording?.status ?? "";
  if (call.recording || status === "running") return "running";
  return startingStatuses.has(status) ? "starting" : "idle";
}

/** The list may be cut short, the counts by role not; the recorder itself is hidden and in neither. */
function people(session: Lax<NonNullable<CallResponse["session"]>> | undefined): number {
  const counted = Object.values(session?.participants_count_by_role ?? {});
  const listed = session?.participants?.length ?? 0;
  const anonymous = session?.anonymous_participant_count ?? 0;
  return (
    Math.max(
      listed,
      counted.reduce((sum, count) => sum + count, 0),
    ) + anonymous
  );
}
