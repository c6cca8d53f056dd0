import path from "node:path";
import { inject } from "vitest";
import { loadMediaLoop } from "../../../src/synth/media/encode.ts";
import type { LoopSpec, MediaLoop } from "../../../src/synth/media/mediaLoop.ts";
import {
  type PublisherOptions,
  WhipPublisher,
} from "../../../src/synth/transport/whipPublisher.ts";
import { keepSent } from "../../support/evidence/sentFrames.ts";
import { mediaCacheDir } from "../../support/synth/programs.ts";
import { stream } from "./meetings.ts";
import type { Person } from "./person.ts";
import { until } from "./until.ts";

/** Frames a second of the tests' media. */
const fps = 15;

/** Test media of one participant; small and cheap unless said otherwise. */
export async function mediaOf(
  participant: number,
  spec: Partial<LoopSpec> = {},
): Promise<MediaLoop> {
  const encoderProgram = path.join(path.dirname(inject("serverProgram")), "encodeProcess.js");
  const small = { width: 640, height: 360, fps, videoKbps: 400, ...spec, participant };
  return loadMediaLoop(small, { cacheDir: mediaCacheDir, encoderProgram });
}

/** A token for the person's place in the meeting's room. */
export async function roomToken(person: Person, meetingId: string): Promise<string> {
  const { token } = await person.action<{ token: string }>(
    `${stream}:generateParticipantTokenPublic`,
    { meetingId },
  );
  return token;
}

/** Where the meeting's media goes, on the server at `url`. */
export async function whipUrl(url: string, person: Person, meetingId: string): Promise<string> {
  const { connectionInfo } = await person.mutation<{ connectionInfo: { roomId: string } }>(
    "meetings/lifecycle:getMeetingConnectionInfo",
    { meetingId },
  );
  return `${url}/rooms/${connectionInfo.roomId}/whip`;
}

/** Publishes as `person` into the meeting through real WHIP, with the person's own token. */
export async function publish(
  url: string,
  person: Person,
  meetingId: string,
  options: Pick<PublisherOptions, "media"> & Partial<PublisherOptions>,
): Promise<WhipPublisher> {
  const publisher = await WhipPublisher.connect({
    url: await whipUrl(url, person, meetingId),
    token: await roomToken(person, meetingId),
    ...options,
  });
  keepSent(person.name, publisher);
  return publisher;
}

/** Waits until each has sent that much more of such media. Time in which this process stood still does not count. */
export async function haveSent(publishers: readonly WhipPublisher[], ms: number): Promise<void> {
  const before = publishers.map(({ sentFrames }) => sentFrames.length);
  const frames = (ms * fps) / 1000;
  await until(`${ms} ms of media were sent`, ms + 60_000, () =>
    publishers.every(({ state, sentFrames }, index) => {
      return state === "live" && sentFrames.length - (before[index] ?? 0) >= frames;
    }),
  );
}
