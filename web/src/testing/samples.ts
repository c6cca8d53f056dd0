import type { Meeting, Person } from "../words/meetings.ts";
import type { RecordingDetail, RecordingSummary } from "../words/recordings.ts";

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
