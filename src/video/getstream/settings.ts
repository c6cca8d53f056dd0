import type {
  CallRequest,
  RecordSettingsRequest,
  RecordSettingsResponse,
} from "@stream-io/node-sdk";
import type { RecordingConfig } from "../../core/recording.ts";
import type { RoomSpec } from "../port.ts";

/** Four hours; Stream ends the call for everyone after that. */
const maxCallSeconds = 14_400;
/** Stream refuses more than 5 KB of custom data. */
const maxDescription = 1_000;

const initialRecording: RecordingConfig = { quality: "720p", layout: "grid", audioOnly: false };

/**
 * The recording settings of a call, always complete: Stream refuses "available" without a quality, and does not say
 * whether a partial update merges.
 */
export function recordingSettings(config: RecordingConfig): RecordSettingsRequest {
  return {
    mode: "available",
    quality: config.quality,
    audio_only: config.audioOnly,
    layout: { name: config.layout },
  };
}

/** Whether Stream has taken over what was asked. Without video, quality and layout mean nothing. */
export function settingsApplied(
  asked: RecordSettingsRequest,
  echo: RecordSettingsResponse | undefined,
): boolean {
  if (!echo || echo.mode !== asked.mode || echo.audio_only !== asked.audio_only) return false;
  if (asked.audio_only) return true;
  return echo.quality === asked.quality && echo.layout?.name === asked.layout?.name;
}

/** A new call for a meeting; its organiser is creator and member. */
export function newCall(spec: RoomSpec): CallRequest {
  const { userId } = spec.organizer;
  return {
    created_by_id: userId,
    members: [{ user_id: userId, role: "admin" }],
    custom: {
      meetingId: spec.meetingId,
      title: spec.title,
      ...(spec.description === undefined
        ? {}
        : { description: spec.description.slice(0, maxDescription) }),
    },
    settings_override: {
      recording: recordingSettings(initialRecording),
      transcription: { mode: "available" },
      screensharing: { enabled: true },
      limits: { max_participants: spec.maxParticipants, max_duration_seconds: maxCallSeconds },
    },
  };
}
