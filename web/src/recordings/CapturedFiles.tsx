import { type ToggleEvent, useState } from "react";
import { functions } from "../api/functions.ts";
import { useAction } from "../api/useAction.ts";
import type { Playback, PlaybackTrack } from "../player/sources/playback.ts";
import { useApi } from "../session/sessionContext.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { sizeWords } from "../words/time.ts";

/** Each person's sound and pictures as they were captured; the links are made when they are asked for. */
export function CapturedFiles({ recordingId }: { recordingId: string }) {
  const api = useApi();
  const { run, error } = useAction();
  const [playback, setPlayback] = useState<Playback>();
  const toggle = ({ currentTarget }: ToggleEvent<HTMLDetailsElement>) => {
    if (!currentTarget.open) return;
    void run(async () =>
      setPlayback(await api.action(functions.recordings.actions.getPlayback, { recordingId })),
    );
  };
  return (
    <details className="captured" onToggle={toggle}>
      <summary>Each person's sound and pictures</summary>
      {error !== undefined && <RefusalNotice error={error} />}
      {playback === undefined
        ? error === undefined && <Spinner label="Looking for what was captured" />
        : error === undefined && <Links playback={playback} />}
    </details>
  );
}

function Links({ playback: { tracks, participants, captionsUrl } }: { playback: Playback }) {
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
