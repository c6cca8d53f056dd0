import path from "node:path";
import { projectRoot } from "../../config/paths.ts";
import { loadMediaLoop } from "../../synth/media/encode.ts";
import type { MediaLoop, VideoCodec } from "../../synth/media/mediaLoop.ts";
import { WhipPublisher } from "../../synth/transport/whipPublisher.ts";
import { type DemoMeeting, roomToken } from "./meeting.ts";

/** Test media for each participant, encoded on the first run and kept beside the packages. */
export async function encodeMedia(
  participants: number,
  codec: VideoCodec,
  signal: AbortSignal,
  onDone: (done: number) => void,
): Promise<MediaLoop[]> {
  const root = projectRoot();
  const options = {
    cacheDir: path.join(root, "node_modules", ".cache", "connvo", "media"),
    encoderProgram: path.join(root, "dist", "encodeProcess.js"),
    signal,
  };
  const loops: MediaLoop[] = [];
  for (let participant = 0; participant < participants; participant++) {
    loops.push(await loadMediaLoop({ participant, codec }, options));
    onDone(loops.length / participants);
  }
  return loops;
}

/** Lets everybody publish. All or none: when one cannot, the others leave again. */
export async function publishAll(
  url: string,
  { meetingId, roomId, people }: DemoMeeting,
  media: readonly MediaLoop[],
  signal: AbortSignal,
): Promise<WhipPublisher[]> {
  const attempts = people.map((person, index) => {
    const loop = media[index];
    if (!loop) throw new RangeError(`no media for participant ${index}`);
    return WhipPublisher.connect({
      url: `${url}/rooms/${encodeURIComponent(roomId)}/whip`,
      token: () => roomToken(person, meetingId),
      media: loop,
      reconnect: true,
      signal,
    });
  });
  const outcomes = await Promise.allSettled(attempts);
  const connected = outcomes.flatMap((outcome) =>
    outcome.status === "fulfilled" ? [outcome.value] : [],
  );
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (!failure) return connected;
  await leaveAll(connected);
  throw failure.reason;
}

export async function leaveAll(publishers: readonly WhipPublisher[]): Promise<void> {
  await Promise.all(publishers.map((publisher) => publisher.close()));
}
