import "./player.css";
import {
  MediaCaptionsButton,
  MediaControlBar,
  MediaController,
  MediaFullscreenButton,
  MediaLoadingIndicator,
  MediaMuteButton,
  MediaPlayButton,
  MediaPlaybackRateButton,
  MediaSeekBackwardButton,
  MediaSeekForwardButton,
  MediaTimeDisplay,
  MediaTimeRange,
  MediaVolumeRange,
} from "media-chrome/react";
import { createElement, useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../api/apiError.ts";
import { useRecording } from "../recordings/useRecording.ts";
import { usePlacedLines } from "../transcript/usePlacedLines.ts";
import { Button } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { definePlaybackElement, type PlaybackElement } from "./playbackElement.ts";
import type { Playback } from "./sources/playback.ts";
import { usePlayback } from "./usePlayback.ts";
import { missingWords, statusWords } from "./words.ts";

definePlaybackElement();

interface PlayerProps {
  recordingId: string;
  /** Told what plays it, and null when it is gone. */
  onPlayer?: ((element: PlaybackElement | null) => void) | undefined;
}

/** Plays a recording from the moment it was stopped: from what was captured, then from the finished file. */
export function Player({ recordingId, onPlayer }: PlayerProps) {
  const { playback, error, reload } = usePlayback(recordingId);
  if (playback === undefined && hasReason(error, "not_sealed"))
    return <Spinner label="The recording is being closed; it can be played in a moment." />;
  if (playback === undefined && hasReason(error, "restoring"))
    return <Spinner label="The recording is being fetched from storage; this can take minutes." />;
  if (playback === undefined && error === undefined)
    return <Spinner label="Opening the recording" />;
  const again = (
    <Button small onClick={reload}>
      Try again
    </Button>
  );
  if (playback === undefined)
    return isOver(error) ? (
      <RefusalNotice error={error} />
    ) : (
      <RefusalNotice error={error} action={again} />
    );
  return <Screen {...{ recordingId, playback, reload, onPlayer }} />;
}

/** What takes a while: not closed yet right after a stop, or on its way from the store. It is asked for by itself. */
function hasReason(error: unknown, reason: "not_sealed" | "restoring"): boolean {
  return error instanceof ApiError && error.metadata["reason"] === reason;
}

/** Asking again will not help. */
function isOver(error: unknown): boolean {
  return (
    error instanceof ApiError && (error.code === "NOT_FOUND" || error.code === "VALIDATION_ERROR")
  );
}

function Screen({
  recordingId,
  playback,
  reload,
  onPlayer,
}: { playback: Playback; reload: () => void } & PlayerProps) {
  const element = useRef<PlaybackElement>(null);
  const { source, failure } = usePlaying(element.current);
  const missing = missingWords(playback);
  const [, setMounted] = useState(false);
  const mount = useCallback(
    (found: PlaybackElement | null) => {
      element.current = found;
      setMounted(found !== null);
      onPlayer?.(found);
    },
    [onPlayer],
  );
  useEffect(() => element.current?.load(playback), [playback]);
  const lines = usePlacedLines(useRecording(recordingId).value);
  useEffect(() => {
    if (element.current !== null) element.current.lines = lines ?? [];
  }, [lines]);
  return (
    <div className={playback.audioOnly ? "player player--sound" : "player"}>
      <MediaController className="player__frame" defaultSubtitles={false}>
        {createElement("connvo-playback", { slot: "media", ref: mount, class: "player__media" })}
        <MediaLoadingIndicator slot="centered-chrome" />
        <MediaControlBar className="player__bar">
          <MediaTimeRange />
        </MediaControlBar>
        <MediaControlBar className="player__bar">
          <MediaPlayButton />
          <MediaSeekBackwardButton seekOffset={10} />
          <MediaSeekForwardButton seekOffset={10} />
          <MediaMuteButton />
          <MediaVolumeRange />
          <MediaTimeDisplay showDuration />
          <span className="player__space" />
          <MediaPlaybackRateButton rates={[0.5, 0.75, 1, 1.25, 1.5, 2]} />
          <MediaCaptionsButton />
          <MediaFullscreenButton />
        </MediaControlBar>
      </MediaController>
      {failure !== undefined && (
        <Notice
          tone="bad"
          action={
            <Button small onClick={reload}>
              Try again
            </Button>
          }
        >
          The recording stopped playing: it could not be loaded any further.
        </Notice>
      )}
      <p className="player__status" role="status">
        {statusWords(playback, source)}
      </p>
      {missing !== undefined && <p className="player__status">{missing}</p>}
      {playback.composeError !== undefined && (
        <Notice tone="warn">
          What was captured is safe and plays here; it can be composed again.
        </Notice>
      )}
    </div>
  );
}

interface Playing {
  source: "tracks" | "file" | undefined;
  failure: string | undefined;
}

/** What the element plays from, and whether it can. */
function usePlaying(element: PlaybackElement | null): Playing {
  const [playing, setPlaying] = useState<Playing>({ source: undefined, failure: undefined });
  useEffect(() => {
    if (!element) return;
    const look = () => setPlaying({ source: element.sourceKind, failure: element.error?.message });
    const events = ["sourcechange", "error", "loadedmetadata", "playing"];
    for (const event of events) element.addEventListener(event, look);
    look();
    return () => {
      for (const event of events) element.removeEventListener(event, look);
    };
  }, [element]);
  return playing;
}
