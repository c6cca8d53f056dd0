import { getRecording, inRoom, startedMeeting, startRecording, stopRecording } from "./meetings.ts";
import type { Person } from "./person.ts";
import { mediaOf, publish } from "./publishing.ts";
import { until } from "./until.ts";

/** Frames that are sent while the recording runs: two seconds of them. */
const frames = 30;

/** A meeting of `host` over `url`, recorded for a moment. @returns the file's address, once it is ready */
export async function recordedFile(url: string, host: Person): Promise<string> {
  const meetingId = await startedMeeting(host);
  const publisher = await publish(url, host, meetingId, { media: await mediaOf(1) });
  await until("the media arrives", 10_000, async () => (await inRoom(host, meetingId)) === 1);
  const { recordingId, recordingUrl } = await startRecording(host, meetingId);
  const before = publisher.sentFrames.length;
  await until("frames were sent", 20_000, () => publisher.sentFrames.length >= before + frames);
  await stopRecording(host, meetingId);
  await publisher.close();
  await until("the recording is ready", 60_000, async () => {
    const { state, error } = await getRecording(host, recordingId);
    if (state === "failed") throw new Error(error?.message);
    return state === "ready";
  });
  return recordingUrl;
}
