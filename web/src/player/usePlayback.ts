import { useCallback, useEffect, useRef, useState } from "react";
import type { ApiClient } from "../api/client.ts";
import { functions } from "../api/functions.ts";
import { Poller } from "../api/poller.ts";
import type { Playback } from "./sources/playback.ts";

export interface PlaybackState {
  playback: Playback | undefined;
  /** Why it cannot be played, or not now; undefined while it can. */
  error: unknown;
  /** Asks for everything again, with fresh addresses. */
  reload: () => void;
}

/** How often is asked whether the finished file is there, ms. */
const pollMs = 1000;

/** What can be played of a recording: asked for until its finished file is there. */
export function usePlayback(api: ApiClient, recordingId: string): PlaybackState {
  const [state, setState] = useState<Omit<PlaybackState, "reload">>(nothing);
  const [round, setRound] = useState(0);
  const playing = useRef<Playback>(undefined);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks again
  useEffect(() => {
    playing.current = undefined;
    const poller = new Poller<Playback>({
      ask: () => ask(api, recordingId, playing.current),
      intervalMs: pollMs,
      onValue: (playback) => {
        if (playback === playing.current) return;
        playing.current = playback;
        setState({ playback, error: undefined });
        if (playback.file) poller.stop();
      },
      // What plays goes on playing while the server is away.
      onError: (error) => setState((last) => (last.playback ? last : { ...last, error })),
    });
    poller.start();
    return () => poller.stop();
  }, [api, recordingId, round]);

  const reload = useCallback(() => setRound((last) => last + 1), []);
  return { ...state, reload };
}

const nothing = { playback: undefined, error: undefined };

/** All of it at first and when the file is there; in between only how far that is, which is a small answer. */
async function ask(
  api: ApiClient,
  recordingId: string,
  known: Playback | undefined,
): Promise<Playback> {
  const everything = () => api.action(functions.recordings.actions.getPlayback, { recordingId });
  if (known === undefined) return everything();
  const { state, progress } = await api.query(functions.recordings.queries.getRecording, {
    recordingId,
  });
  const isComposing = state === "processing" && known.composeError === undefined;
  if (isComposing) return { ...known, state, progress };
  // Until somebody has it composed again.
  return state === "failed" && known.composeError !== undefined ? known : everything();
}
