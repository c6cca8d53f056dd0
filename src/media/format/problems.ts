import type { RecordingProblem } from "../../core/recording.ts";
import type { CaptureDigest, TrackDigest } from "./captureDigest.ts";

/** What is missing is told from this much on, and from this share of what was received; ms. */
const worthTelling = { ms: 500, share: 0.01 } as const;

/** What was received and could not be stored, or not all of it. */
export function problemsOf({ tracks, unstored, names }: CaptureDigest): RecordingProblem[] {
  const nameOf = (id: string) => names.get(id) ?? id;
  const partly = [...tracks.values()].flatMap((track) => partlyStored(track, nameOf));
  const nothing = unstored
    .filter(({ receivedMs }) => receivedMs >= worthTelling.ms)
    .map(({ participant, source = "camera", kind, packets, lost, receivedMs }) => ({
      code: "not_stored" as const,
      ...{ participantId: participant, participantName: nameOf(participant), source, kind },
      ...{ packets, lost, receivedMs, storedMs: 0 },
      message: `${seconds(receivedMs)} of ${nounOf[kind]} were received, but nothing that could be recorded${kind === "video" ? ": a complete key picture, with its parameter sets, is missing" : ""}`,
    }));
  return [...partly, ...nothing];
}

const nounOf = { audio: "sound", video: "pictures" } as const;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function partlyStored(
  { id, participant, source, kind, counted }: TrackDigest,
  nameOf: (id: string) => string,
): RecordingProblem[] {
  if (!counted) return [];
  const { receivedMs, storedMs, lost } = counted;
  const missingMs = receivedMs - storedMs;
  if (missingMs < Math.max(worthTelling.ms, receivedMs * worthTelling.share)) return [];
  const why = lost > 0 ? `; the network lost ${lost} packets` : "";
  return [
    {
      code: "partly_stored",
      ...{ participantId: participant, participantName: nameOf(participant), source, kind },
      ...{ trackId: id, ...counted },
      message: `${seconds(missingMs)} of ${seconds(receivedMs)} of ${nounOf[kind]} received could not be recorded${why}`,
    },
  ];
}
