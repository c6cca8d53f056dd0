import { getRecording, inRoom, startedMeeting, startRecording, stopRecording } from "./meetings.ts";
import type { Person } from "./person.ts";
import { haveSent, mediaOf, publish } from "./publishing.ts";
import { until } from "./until.ts";

/** A meeting of `host` over `url`, recorded for a moment. @returns the file's address, once it is ready */
export async function recordedFile(url: string, host: Person): Promise<string> {
  const meetingId = await startedMeeting(host);
  const publisher = await publish(url, host, meetingId, { media: await mediaOf(1) });
  await until("the media arrives", 60_000, async () => (await inRoom(host, meetingId)) === 1);
  const { recordingId, recordingUrl } = await startRecording(host, meetingId);
  await haveSent([publisher], 2000);
  await stopRecording(host, meetingId);
  await publisher.close();
  await until("the recording is ready", 90_000, async () => {
    const { state, error } = await getRecording(host, recordingId);
    if (state === "failed") throw new Error(error?.message);
    return state === "ready";
  });
  return recordingUrl;
}
