import type { Args, Person } from "./person.ts";
import { adminKey } from "./server.ts";
import { eventually } from "./until.ts";

export interface Started {
  recordingId: string;
  recordingUrl: string;
  success: true;
}

export interface RecordingDetail {
  recordingId: string;
  meetingId: string;
  state: string;
  config: { quality: string; layout: string; audioOnly: boolean };
  recordingUrl: string;
  provider: string;
  startedBy: string;
  requestedAt: number;
  startedAt?: number;
  stoppedAt?: number;
  durationMs?: number;
  stopReason?: string;
  pausedAt?: number;
  pauses: { atMs: number; durationMs: number; startedAt: number; endedAt: number }[];
  gaps: { startMs: number; endMs: number; reason: string }[];
  tracks: {
    trackId: string;
    participantId: string;
    participantName: string;
    kind: "audio" | "video";
    codec: string;
    startMs: number;
    endMs: number;
    sizeBytes: number;
  }[];
  renditions: Rendition[];
  progress: { done: number; etaMs?: number };
  sizeBytes?: number;
  sha256?: string;
  probe?: {
    durationMs: number;
    problems: string[];
    avOffsetMs: number;
    faststart: boolean;
    video?: { width: number; height: number };
  };
  error?: { code: string; message: string };
}

export interface Rendition {
  renditionId: string;
  state: string;
  url: string;
  config: { quality: string; layout: string; audioOnly: boolean };
  sizeBytes?: number;
  sha256?: string;
  durationMs?: number;
  error?: string;
}

export const stream = "meetings/stream/index";

/** A meeting of `host`, scheduled. */
export async function createMeeting(host: Person, args: Args = {}): Promise<string> {
  const made = await host.mutation<{ meetingId: string }>("meetings/lifecycle:createMeeting", {
    title: `${host.name}'s meeting`,
    ...args,
  });
  return made.meetingId;
}

/** A meeting of `host`, running. */
export async function startedMeeting(host: Person, args: Args = {}): Promise<string> {
  const meetingId = await createMeeting(host, args);
  await host.mutation("meetings/lifecycle:startMeeting", { meetingId });
  return meetingId;
}

/** Brings `guest` into the meeting by an invite. */
export async function invite(host: Person, guest: Person, meetingId: string, role = "participant") {
  const { secret } = await host.mutation<{ secret: string }>("meetings/invites:createInvite", {
    meetingId,
    role,
  });
  await guest.mutation("meetings/invites:acceptInvite", { secret });
}

export async function userIdOf(person: Person): Promise<string> {
  const user = await person.query<{ _id: string }>("users/queries:getCurrentUser");
  return user._id;
}

export function startRecording(
  host: Person,
  meetingId: string,
  recordingConfig?: Args,
): Promise<Started> {
  const config = recordingConfig ? { recordingConfig } : {};
  return host.action<Started>(`${stream}:startRecording`, { meetingId, ...config });
}

export interface Stopped {
  success: true;
  recordingId: string;
  recordingUrl: string;
  duration?: number;
}

export function stopRecording(host: Person, meetingId: string, recordingId?: string) {
  const named = recordingId === undefined ? {} : { recordingId };
  return host.action<Stopped>(`${stream}:stopRecording`, { meetingId, ...named });
}

export interface Paused {
  success: true;
  paused: boolean;
  pausedAt?: number;
}

export function pauseRecording(host: Person, recordingId: string): Promise<Paused> {
  return host.action<Paused>("recordings/actions:pauseRecording", { recordingId });
}

export function resumeRecording(host: Person, recordingId: string): Promise<Paused> {
  return host.action<Paused>("recordings/actions:resumeRecording", { recordingId });
}

export function getRecording(person: Person, recordingId: string): Promise<RecordingDetail> {
  return person.query<RecordingDetail>("recordings/queries:getRecording", { recordingId });
}

const openStates = ["starting", "recording", "stopping"];

/** Waits until a recording holds its meeting's place no more: a slow recorder is still sealing when a stop is answered. */
export function hasEnded(person: Person, recordingId: string): Promise<RecordingDetail> {
  return eventually(`${recordingId} has ended`, 90_000, async () => {
    const found = await getRecording(person, recordingId);
    return openStates.includes(found.state) ? undefined : found;
  });
}

/** How many people's media is in the meeting's room. */
export async function inRoom(person: Person, meetingId: string): Promise<number> {
  const people = await person.query<{ webrtcConnected: boolean }[]>(
    "meetings/queries:listMeetingParticipants",
    { meetingId },
  );
  return people.filter(({ webrtcConnected }) => webrtcConnected).length;
}

/** A call with the administration key. */
export async function callAsAdmin<T>(url: string, path: string, args: Args): Promise<T> {
  const answer = await fetch(`${url}/api/run/${path.replace(":", "/")}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Convex ${adminKey}` },
    body: JSON.stringify({ args }),
  });
  const body = (await answer.json()) as { status: string; value?: unknown };
  if (body.status !== "success") throw new Error(`${path}: ${JSON.stringify(body)}`);
  return body.value as T;
}
