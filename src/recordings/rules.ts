import { AppError } from "../core/errors.ts";
import type { RecordingConfig, RecordingLayout, RecordingQuality } from "../core/recording.ts";
import { ok, type Result, refuse } from "../core/result.ts";

/** What a caller may ask for; every field is optional on the published operation. */
export interface RequestedConfig {
  mode?: "available" | "disabled";
  quality?: RecordingQuality;
  layout?: RecordingLayout;
  audioOnly?: boolean;
}

/** Starts a host may make in any window of that length, over all nodes and meetings. */
export const startLimit = { starts: 3, windowMs: 60_000 } as const;

/** Stops with nothing to stop a user may send in any window of that length. */
export const idleStopLimit = { action: "recording_stop", calls: 5, windowMs: 60_000 } as const;

/**
 * Fills the published defaults: 720p, grid, with video.
 * Refuses `mode: "disabled"`: a start that must not record is a mistake of the caller, never a silent success.
 */
export function resolveConfig(requested: RequestedConfig = {}): Result<RecordingConfig> {
  if (requested.mode === "disabled") {
    return refuse(
      new AppError(
        "VALIDATION_ERROR",
        'A recording cannot be started with mode "disabled"; leave mode out or send "available"',
        { field: "recordingConfig.mode" },
      ),
    );
  }
  const { quality = "720p", layout = "grid", audioOnly = false } = requested;
  return ok({ quality, layout, audioOnly });
}

export interface RecordableMeeting {
  id: string;
  state: "scheduled" | "active" | "concluded" | "cancelled";
  tier: "free" | "paid";
  recordingPermitted: boolean;
}

/** Whether this meeting can be recorded now, whoever asks. */
export function mayRecord(meeting: RecordableMeeting): Result<void> {
  const refusal = (message: string, reason: string) =>
    refuse(new AppError("VALIDATION_ERROR", message, { field: "meetingId", reason }));
  if (meeting.tier !== "paid")
    return refusal(
      "Recording needs a paid plan, and this meeting was created on the free one, on which it stays. Whoever runs this server " +
        "can change the plan (CONNVO_DEFAULT_PLAN, CONNVO_PLAN_CLAIM or setPlan); then create another meeting",
      "paid_tier_required",
    );
  if (!meeting.recordingPermitted)
    return refusal("This meeting was created without recording", "recording_not_permitted");
  if (meeting.state !== "active") {
    return refuse(
      new AppError("MEETING_NOT_ACTIVE", `The meeting is ${meeting.state}; start it first`, {
        meetingId: meeting.id,
        state: meeting.state,
      }),
    );
  }
  return ok(undefined);
}

export function sameConfig(a: RecordingConfig, b: RecordingConfig): boolean {
  return a.quality === b.quality && a.layout === b.layout && a.audioOnly === b.audioOnly;
}

/** Whether both show the same: sound has neither layout nor quality. */
export function sameLook(a: RecordingConfig, b: RecordingConfig): boolean {
  return a.audioOnly && b.audioOnly ? true : sameConfig(a, b);
}
