/** The life of a recording. `processing` no longer holds the meeting's one open place. */
export type RecordingState =
  | "starting"
  | "recording"
  | "stopping"
  | "processing"
  | "ready"
  | "failed";

/** Every legal move; anything else is refused by `mayMove` and by the `WHERE` of each update. */
const moves: Readonly<Record<RecordingState, readonly RecordingState[]>> = {
  starting: ["recording", "stopping", "processing", "failed"],
  recording: ["stopping", "processing", "failed"],
  stopping: ["processing", "failed"],
  processing: ["ready", "failed"],
  ready: [],
  // A provider's file that comes late.
  failed: ["processing"],
};

export const openStates = ["starting", "recording", "stopping"] as const satisfies RecordingState[];

export function mayMove(from: RecordingState, to: RecordingState): boolean {
  return moves[from].includes(to);
}

/** The states from which `to` may be entered. */
export function sourcesOf(to: RecordingState): RecordingState[] {
  return (Object.keys(moves) as RecordingState[]).filter((from) => mayMove(from, to));
}

/** An open recording is the one its meeting may have: its media is, or may be, still being written. */
export function isOpen(state: RecordingState): boolean {
  return (openStates as readonly RecordingState[]).includes(state);
}

/** Nothing is being done about it any more. */
export function isFinal(state: RecordingState): boolean {
  return state === "ready" || state === "failed";
}
