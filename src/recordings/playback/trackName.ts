import type { CapturePlayback, PlayableTrack } from "../../media/format/port.ts";

/** File name extension of a track: H.264 is not allowed in WebM. */
export function trackExtension({ codec }: Pick<PlayableTrack, "codec">): "webm" | "mkv" {
  return codec === "H264" ? "mkv" : "webm";
}

/** Media type of a track's file, with its codec. */
export function trackMimeType({ kind, codec }: Pick<PlayableTrack, "kind" | "codec">): string {
  if (codec === "H264") return 'video/x-matroska; codecs="avc1"';
  return `${kind}/webm; codecs="${codec.toLowerCase()}"`;
}

/** A name for the file of a track that tells people whose it is and that every file system takes. */
export function trackFileName(playback: CapturePlayback, track: PlayableTrack): string {
  const person = playback.participants.find(({ id }) => id === track.participantId);
  const number = track.trackId.replace(/^track0*/, "");
  const own = track.kind === "audio" ? "sound" : "picture";
  const what = person?.source === "screen" ? `screen ${own}` : own;
  return `${safe(person?.name ?? "Somebody")} - ${what} ${number}.${trackExtension(track)}`;
}

/** Letters, digits and a few signs of any script; no dots in front, at most 80 characters. */
function safe(name: string): string {
  const plain = name.normalize("NFC").replace(/[^\p{L}\p{M}\p{N} _'-]+/gu, " ");
  return Array.from(plain.replace(/\s+/g, " ").trim()).slice(0, 80).join("") || "Somebody";
}
