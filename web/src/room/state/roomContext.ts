import { createContext, useContext } from "react";
import type { LocalMedia } from "../media/local/localMedia.ts";
import type { MeetingConnection } from "../media/meetingConnection.ts";
import type { RoomView } from "../media/roomView.ts";
import type { Attendee, MeetingContext, MeetingView } from "../parts/meetingTypes.ts";
import type { RecordingView } from "../recording/recordingView.ts";

/** What everything in a room works with. */
export interface RoomSurroundings {
  context: MeetingContext;
  meeting: MeetingView;
  /** Everybody who is part of the meeting, whether there or not. */
  attendees: readonly Attendee[];
  room: RoomView;
  connection: MeetingConnection;
  local: LocalMedia;
  recording: RecordingView | undefined;
}

export const RoomContext = createContext<RoomSurroundings | undefined>(undefined);

/** @throws Error outside a room */
export function useRoom(): RoomSurroundings {
  const surroundings = useContext(RoomContext);
  if (surroundings === undefined) throw new Error("There is no room around this component");
  return surroundings;
}
