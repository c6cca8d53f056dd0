import { useEffect, useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import type { Playback, PlaybackTrack } from "../player/sources/playback.ts";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { sizeWords } from "../words/time.ts";

interface Found {
  playback?: Playback;
  error?: unknown;
}

/** Files come from the store without the database knowing: asked for again after this long, ms. */
const againMs = 2000;

/** Each person's sound and pictures as they were captured; the links are made when they are asked for. */
export function CapturedFiles({ recordingId }: { recordingId: string }) {
  const api = useApi();
  const [isOpen, setOpen] = useState(false);
  const [{ playback, error }, setFound] = useState<Found>({});
  useEffect(() => {
    if (!isOpen) return;
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () =>
      void api
        .action(functions.recordings.actions.getPlayback, { recordingId, restore: true })
        .then(take, (failure: unknown) => !over && setFound({ error: failure }));
    const take = (found: Playback) => {
      if (over) return;
      setFound({ playback: found });
      if (found.capture?.state === "restoring") timer = setTimeout(ask, againMs);
    };
    ask();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [api, recordingId, isOpen]);
  return (
    <details className="captured" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Each person's sound and pictures</summary>
      {error !== undefined && <RefusalNotice error={error} />}
      {playback === undefined
        ? error === undefined && <Spinner label="Looking for what was captured" />
        : error === undefined && <Links playback={playback} />}
    </details>
  );
}

function Links({ playback }: { playback: Playback }) {
  const { tracks, participants, captionsUrl, capture } = playback;
  if (capture?.state === "restoring") {
    const percent = Math.floor(capture.done * 100);
    return <Spinner label={`Being fetched from storage, ${percent} % so far`} />;
  }
  if (capture?.state === "failed")
    return <p className="soft">They could not be fetched from storage. Try again later.</p>;
  const nameOf = (id: string) => participants.find((one) => one.id === id)?.name ?? "Somebody";
  if (tracks.length === 0) return <p className="soft">Nothing of them is kept here.</p>;
  return (
    <ul>
      {tracks.map((track) => (
        <li key={track.trackId}>
          <a href={`${track.url}&download=1`} download>
            {nameOf(track.participantId)}, {what(track)} ({sizeWords(track.sizeBytes)})
          </a>
        </li>
      ))}
      {captionsUrl !== undefined && (
        <li>
          <a href={captionsUrl} download="speakers.vtt">
            Who spoke when (WebVTT)
          </a>
        </li>
      )}
    </ul>
  );
}

function what({ kind, codec }: PlaybackTrack): string {
  return `${kind === "audio" ? "sound" : "picture"}, ${codec === "opus" ? "Opus" : codec}`;
}
