import { FairShare } from "../../../core/limits/fairShare.ts";
import {
  maxPictureArea as maxArea,
  maxPictureSide as maxSide,
} from "../../../core/picture/pictureLimits.ts";
import type { RecordingProblem } from "../../../core/recording.ts";
import type { CaptureDigest, TrackDigest } from "./captureDigest.ts";
import { captureLimits } from "./captureLimits.ts";
import type { LeftOut } from "./leftOut.ts";

/** What is missing is told from this much on, and from this share of what was received; ms. */
const worthTelling = { ms: 500, share: 0.01 } as const;

/** What was received and could not be stored, or not all of it; of very many the worst. */
export function problemsOf(digest: CaptureDigest): RecordingProblem[] {
  const all = allProblems(digest);
  if (all.length <= captureLimits.problems * captureLimits.portion) return all;
  const share = new FairShare(captureLimits.problems, captureLimits.portion);
  const missingMs = (one: RecordingProblem) => one.receivedMs - one.storedMs;
  const isLeftOut = (one: RecordingProblem) => one.code === "left_out";
  const worstFirst = all.sort(
    (a, b) => Number(isLeftOut(b)) - Number(isLeftOut(a)) || missingMs(b) - missingMs(a),
  );
  return worstFirst.filter(({ participantId }) => share.take(participantId));
}

function allProblems({ tracks, unstored, leftOut, names }: CaptureDigest): RecordingProblem[] {
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
  const limited = [...leftOut.values()].map((one) => leftOutProblem(one, nameOf));
  return [...partly, ...nothing, ...limited];
}

function leftOutProblem(
  { participant, source, kind, reason, count }: LeftOut & { count: number },
  nameOf: (id: string) => string,
): RecordingProblem {
  return {
    code: "left_out",
    ...{ participantId: participant, participantName: nameOf(participant), source, kind },
    ...{ receivedMs: 0, storedMs: 0, packets: count, lost: 0 },
    message: whyLeftOut[reason](count, nounOf[kind]),
  };
}

const whyLeftOut: Record<LeftOut["reason"], (count: number, noun: string) => string> = {
  tracks: (count, noun) =>
    `The ${noun} of ${count} further connections were left out: nobody may begin that many in one recording`,
  picture_size: (count) =>
    `${count} key pictures, and those that refer to them, were left out: they are larger than ${maxSide} px a side or ${maxArea} px in all`,
  bit_rate: (count, noun) =>
    `${count} packets of ${noun} were left out: more came than one person may send`,
};

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
