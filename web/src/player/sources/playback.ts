import type { FunctionReturnType } from "convex/server";
import type { functions } from "../../api/functions.ts";

/** What the server says of a recording that can be played. */
export type Playback = FunctionReturnType<typeof functions.recordings.actions.getPlayback>;
export type PlaybackTrack = Playback["tracks"][number];
export type PlaybackParticipant = Playback["participants"][number];
