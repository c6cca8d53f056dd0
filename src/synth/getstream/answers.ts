import type { Call, Participant, RecordingFile, Session } from "./calls.ts";

/** Stream sends times as integer Unix nanoseconds, absent ones as `null`. */
export const nanoseconds = (ms: number | null) => (ms === null ? null : ms * 1_000_000);

const stockLayout = { name: "spotlight", external_app_url: "", external_css_url: "" };

function user(id: string, at: number) {
  return {
    id,
    name: id,
    custom: {},
    language: "",
    role: "user",
    teams: [],
    created_at: nanoseconds(at),
    updated_at: nanoseconds(at),
    banned: false,
    online: false,
    blocked_user_ids: [],
    shadow_banned: false,
    invisible: false,
  };
}

export function callAnswer(call: Call) {
  const live = call.session !== null && call.session.endedAt === null;
  const running = call.capture?.runningAt != null;
  return {
    type: "default",
    id: call.id,
    cid: call.cid,
    current_session_id: live ? call.session?.id : "",
    created_by: user(call.createdBy, call.createdAt),
    custom: call.custom,
    created_at: nanoseconds(call.createdAt),
    updated_at: nanoseconds(call.updatedAt),
    ended_at: nanoseconds(call.endedAt),
    starts_at: null,
    recording: running,
    transcribing: false,
    captioning: false,
    translating: false,
    backstage: false,
    blocked_user_ids: [...call.blocked],
    session: call.session ? sessionAnswer(call.session) : null,
    settings: settingsAnswer(call),
    ingress: {
      rtmp: { address: "rtmps://127.0.0.1:1935/" },
      srt: { address: "srt://127.0.0.1:1935" },
      whip: { address: "https://127.0.0.1/whip" },
    },
    egress: {
      broadcasting: false,
      rtmps: [],
      hls: null,
      ...(running ? { composite_recording: { status: "running" } } : {}),
    },
  };
}

function sessionAnswer(session: Session) {
  const counts: Record<string, number> = {};
  for (const { role } of session.participants) counts[role] = (counts[role] ?? 0) + 1;
  return {
    id: session.id,
    started_at: nanoseconds(session.startedAt),
    ended_at: nanoseconds(session.endedAt),
    live_started_at: null,
    live_ended_at: null,
    timer_ends_at: null,
    participants: session.participants.map(participantAnswer),
    participants_count_by_role: counts,
    anonymous_participant_count: 0,
    rejected_by: {},
    accepted_by: {},
    missed_by: {},
  };
}

function participantAnswer({ userId, role, joinedAt }: Participant) {
  return {
    user: user(userId, joinedAt),
    user_session_id: `${userId}-1`,
    role,
    joined_at: nanoseconds(joinedAt),
  };
}

function settingsAnswer({ settings }: Call) {
  const { recording, limits, screensharing, transcription, session } = settings;
  return {
    audio: {
      access_request_enabled: true,
      default_device: "speaker",
      hifi_audio_enabled: false,
      mic_default_on: true,
      opus_dtx_enabled: true,
      redundant_coding_enabled: true,
      speaker_default_on: true,
    },
    backstage: { enabled: false },
    broadcasting: {
      enabled: true,
      hls: { auto_on: false, enabled: true, quality_tracks: ["720p"], layout: stockLayout },
      rtmp: { enabled: true, quality: "720p", layout: stockLayout },
    },
    encryption: { mode: "disabled" },
    frame_recording: { mode: "disabled", capture_interval_in_seconds: 5, quality: "720p" },
    geofencing: { names: [] },
    individual_recording: { mode: "disabled" },
    limits: { max_participants_exclude_roles: [], ...limits },
    raw_recording: { mode: "disabled" },
    recording: {
      mode: recording.mode,
      audio_only: recording.audio_only ?? false,
      quality: recording.quality ?? "720p",
      layout: {
        name: recording.layout?.name ?? "spotlight",
        external_app_url: recording.layout?.external_app_url ?? "",
        external_css_url: recording.layout?.external_css_url ?? "",
      },
    },
    ring: {
      auto_cancel_timeout_ms: 15_000,
      incoming_call_timeout_ms: 15_000,
      missed_call_timeout_ms: 15_000,
    },
    screensharing: { access_request_enabled: false, enabled: true, ...screensharing },
    session: { inactivity_timeout_seconds: 30, ...session },
    thumbnails: { enabled: true },
    transcription: {
      closed_caption_mode: "disabled",
      language: "auto",
      mode: "disabled",
      ...transcription,
    },
    video: {
      access_request_enabled: true,
      camera_default_on: true,
      camera_facing: "front",
      enabled: true,
      target_resolution: { width: 1280, height: 720, bitrate: 1_500_000 },
    },
  };
}

export function membersAnswer(call: Call) {
  return call.members.map(({ userId, role }) => ({
    user: user(userId, call.createdAt),
    user_id: userId,
    role,
    custom: {},
    created_at: nanoseconds(call.createdAt),
    updated_at: nanoseconds(call.createdAt),
    deleted_at: null,
  }));
}

export function recordingAnswer(baseUrl: string, file: RecordingFile) {
  return {
    filename: file.filename,
    url: `${baseUrl}/files/${file.filename}`,
    start_time: nanoseconds(file.startedAt),
    end_time: nanoseconds(file.endedAt),
    session_id: file.sessionId,
    recording_type: "composite",
  };
}

export const userAnswer = user;
