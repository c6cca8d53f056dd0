import type { Playback } from "../player/sources/playback.ts";
import type { Meeting, Person } from "../words/meetings.ts";
import type { RecordingDetail, RecordingSummary } from "../words/recordings.ts";
import type { Delivery, Endpoint } from "../words/webhooks.ts";

export function meetingOf(changes: Partial<Meeting> = {}): Meeting {
  return {
    _id: "meeting_1",
    title: "Planning",
    state: "active",
    createdAt: 0,
    updatedAt: 0,
    organizerId: "user_ada",
    participantCount: 2,
    userPresence: "joined",
    userRole: "host",
    ...changes,
  };
}

export function personOf(name: string, changes: Partial<Person> = {}): Person {
  const userId = `user_${name.toLowerCase()}`;
  return {
    _id: `participant_${name}`,
    _creationTime: 0,
    createdAt: 0,
    meetingId: "meeting_1",
    userId,
    role: "participant",
    presence: "joined",
    user: { _id: userId, displayName: name },
    webrtcConnected: false,
    webrtcSessionCount: 0,
    ...changes,
  };
}

const config = { layout: "grid", quality: "720p", audioOnly: false } as const;

export function recordingOf(changes: Partial<RecordingSummary> = {}): RecordingSummary {
  return {
    recordingId: "recording_1",
    meetingId: "meeting_1",
    config,
    state: "ready",
    startedBy: "user_ada",
    startedByName: "Ada",
    requestedAt: 0,
    startedAt: 0,
    durationMs: 61_000,
    recordingUrl: "",
    ...changes,
  };
}

export function detailOf(changes: Partial<RecordingDetail> = {}): RecordingDetail {
  return {
    ...recordingOf(),
    gaps: [],
    pauses: [],
    problems: [],
    progress: { done: 1 },
    provider: "embedded",
    renditions: [
      {
        renditionId: "rendition_1",
        config,
        state: "ready",
        progress: { done: 1 },
        sizeBytes: 12_000_000,
        url: "",
      },
    ],
    tracks: [],
    ...changes,
  } as RecordingDetail;
}

/** Of Ada alone: her sound, 60 s. */
export function playbackOf(changes: Partial<Playback> = {}): Playback {
  return {
    recordingId: "recording_1",
    meetingId: "meeting_1",
    state: "processing",
    sealed: true,
    startedAt: 0,
    durationMs: 60_000,
    audioOnly: false,
    layout: "grid",
    participants: [
      {
        id: "user_ada",
        userId: "user_ada",
        name: "Ada",
        source: "camera",
        presence: [{ fromMs: 0, toMs: 60_000 }],
        off: [],
      },
    ],
    tracks: [
      {
        trackId: "track_1",
        participantId: "user_ada",
        kind: "audio",
        codec: "opus",
        mimeType: "audio/webm",
        url: "/track?link",
        sizeBytes: 2_000_000,
        startMs: 0,
        endMs: 60_000,
        clock: [],
      },
    ],
    speakers: [],
    gaps: [],
    problems: [],
    pauses: [],
    captionsUrl: "/speakers.vtt?link",
    ...changes,
  };
}

export function endpointOf(changes: Partial<Endpoint> = {}): Endpoint {
  return {
    endpointId: "endpoint_1",
    url: "https://hooks.example.org/connvo",
    eventTypes: [],
    enabled: true,
    createdAt: 0,
    updatedAt: 0,
    ...changes,
  };
}

/** Delivered at the first attempt. */
export function deliveryOf(changes: Partial<Delivery> = {}): Delivery {
  return {
    eventId: "webhook_1",
    type: "recording.ready",
    sequence: 1,
    state: "delivered",
    attempts: 1,
    lastAttemptAt: Date.now(),
    lastStatus: 204,
    createdAt: Date.now(),
    ...changes,
  };
}
