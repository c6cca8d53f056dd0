import { useCallback, useEffect, useMemo, useState } from "react";
import { ApiError } from "../api/apiError.ts";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useRecording } from "../recordings/useRecording.ts";
import type { RecordingDetail } from "../words/recordings.ts";
import type { Playback } from "./sources/playback.ts";

export interface PlaybackState {
  playback: Playback | undefined;
  /** Why it cannot be played, or not now; undefined while it can. */
  error: unknown;
  /** Asks for everything again, with fresh addresses. */
  reload: () => void;
}

/** What was asked for last, and what came of it. */
interface Asked {
  playback?: Playback;
  error?: unknown;
  /** State of the recording when it was asked for. */
  of?: RecordingDetail["state"] | undefined;
}

/** Files are there or not without the database knowing: what should be there is asked for again after this long, ms. */
const againMs = 1000;

/** What can be played of a recording: asked for when it was stopped, and when its finished file is there. */
export function usePlayback(recordingId: string): PlaybackState {
  const api = useApi();
  const detail = useRecording(recordingId);
  const [asked, setAsked] = useState<Asked>({});
  const { playback } = asked;
  const state = detail.value?.state;
  const wanted = !detail.loading && isWanted(asked, state);

  useEffect(() => {
    if (!wanted) return;
    let over = false;
    const take = (found: Asked) => {
      if (!over) setAsked({ ...found, of: state });
    };
    const ask = () =>
      void api.action(functions.recordings.actions.getPlayback, { recordingId }).then(
        (found) => take({ playback: found }),
        // What plays goes on playing while the server is away.
        (error: unknown) => take(playback ? { playback } : { error }),
      );
    const timer = setTimeout(ask, isNew(asked, state) ? 0 : againMs);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [api, recordingId, wanted, state, asked, playback]);

  const reload = useCallback(() => setAsked({}), []);
  const shown = useMemo(() => withProgress(playback, detail.value), [playback, detail.value]);
  return { playback: shown, error: asked.error, reload };
}

function isNew({ playback, error, of }: Asked, state: Asked["of"]): boolean {
  return (playback === undefined && error === undefined) || of !== state;
}

/** Whether there may be more to play than is known. */
function isWanted(asked: Asked, state: Asked["of"]): boolean {
  const { playback, error } = asked;
  if (error !== undefined) return isNew(asked, state) || isPassing(error);
  if (playback === undefined) return true;
  if (playback.file) return false;
  if (playback.composeError === undefined) return state !== "processing";
  // Until somebody has it composed again.
  return state !== "failed";
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.isOutage || ["not_sealed", "restoring"].includes(String(error.metadata["reason"]));
}

/** Only how far the file is changes while it is made. */
function withProgress(
  playback: Playback | undefined,
  detail: RecordingDetail | undefined,
): Playback | undefined {
  if (playback === undefined || detail === undefined || playback.file) return playback;
  if (detail.state !== "processing" || playback.composeError !== undefined) return playback;
  const { state, progress } = detail;
  return { ...playback, state, progress };
}
