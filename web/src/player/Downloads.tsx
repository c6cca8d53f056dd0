import type { Playback, PlaybackTrack } from "./playback.ts";
import { sizeWords } from "./words.ts";

/** Everything there is to save of a recording. */
export function Downloads({ playback }: { playback: Playback }) {
  const { file, tracks, participants, captionsUrl, audioOnly } = playback;
  const nameOf = (id: string) => participants.find((one) => one.id === id)?.name ?? "Somebody";
  return (
    <details className="downloads">
      <summary>Downloads</summary>
      <ul>
        <li>
          {file ? (
            <a href={file.url} download>
              {audioOnly ? "Whole meeting, sound" : "Whole meeting, MP4"} (
              {sizeWords(file.sizeBytes)})
            </a>
          ) : (
            "Whole meeting: still being composed"
          )}
        </li>
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
    </details>
  );
}

function what({ kind, codec }: PlaybackTrack): string {
  return `${kind === "audio" ? "sound" : "picture"}, ${codec === "opus" ? "Opus" : codec}`;
}
