import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { functions } from "../api/functions.ts";
import { useConnection } from "../api/liveContext.tsx";
import { useLive } from "../api/useLive.ts";
import type { RecordingDetail } from "../words/recordings.ts";
import { type Line, type PlacedLine, placedLines } from "./placedLines.ts";
import { TranscriptFeed } from "./transcriptFeed.ts";

/** What was said in a recording, also while it is still being written down; undefined until that is known. */
export function usePlacedLines(
  recording: RecordingDetail | undefined,
): readonly PlacedLine[] | undefined {
  const lines = useLines(recording?.meetingId);
  const people = useNames(recording?.meetingId);
  return useMemo(
    () =>
      lines === undefined || recording === undefined
        ? undefined
        : placedLines(lines, recording, people),
    [lines, recording, people],
  );
}

/** Of the people of a meeting, by id. */
function useNames(meetingId: string | undefined): ReadonlyMap<string, string> {
  const { listMeetingParticipants } = functions.meetings.queries;
  const { value } = useLive(listMeetingParticipants, meetingId ? { meetingId } : "skip");
  return useMemo(() => {
    const named = value?.filter(({ user }) => user.displayName !== undefined) ?? [];
    return new Map(named.map(({ userId, user }) => [userId, user.displayName ?? ""]));
  }, [value]);
}

function useLines(meetingId: string | undefined): readonly Line[] | undefined {
  const connection = useConnection();
  const [feed, setFeed] = useState<TranscriptFeed>();
  useEffect(() => {
    if (meetingId === undefined) return;
    const opened = new TranscriptFeed(connection, meetingId);
    setFeed(opened);
    return () => opened.close();
  }, [connection, meetingId]);
  return useSyncExternalStore(feed?.lines.subscribe ?? nobody, feed?.lines.get ?? nothing);
}

const nobody = () => () => undefined;
const nothing = () => undefined;
