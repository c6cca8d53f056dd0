import { z } from "zod";

/**
 * Request bodies as Stream publishes them. Unknown keys are accepted, as the real service does; the request log
 * names them, so that a test can insist there are none.
 */
const mode = z.enum(["available", "disabled", "auto-on"]);
const text = z.string();

export const recordingTypes = ["composite", "individual", "raw"] as const;

const layout = z.looseObject({
  name: z.enum(["spotlight", "grid", "single-participant", "mobile", "custom"]),
  external_app_url: text.optional(),
  external_css_url: text.optional(),
  detect_orientation: z.boolean().optional(),
  options: z.record(text, z.unknown()).optional(),
});

const recording = z.looseObject({
  mode,
  audio_only: z.boolean().optional(),
  quality: z
    .enum([
      "360p",
      "480p",
      "720p",
      "1080p",
      "1440p",
      "portrait-360x640",
      "portrait-480x854",
      "portrait-720x1280",
      "portrait-1080x1920",
      "portrait-1440x2560",
    ])
    .optional(),
  layout: layout.optional(),
});

const limits = z.looseObject({
  max_duration_seconds: z.int().min(0).optional(),
  max_participants: z.int().optional(),
  max_participants_exclude_owner: z.boolean().optional(),
  max_participants_exclude_roles: z.array(text).optional(),
});

const screensharing = z.looseObject({
  enabled: z.boolean().optional(),
  access_request_enabled: z.boolean().optional(),
});

const transcription = z.looseObject({
  mode: mode.optional(),
  closed_caption_mode: mode.optional(),
  language: text.optional(),
});

const session = z.looseObject({ inactivity_timeout_seconds: z.int().min(5).max(900) });

const settings = z.looseObject({
  recording: recording.optional(),
  limits: limits.optional(),
  screensharing: screensharing.optional(),
  transcription: transcription.optional(),
  session: session.optional(),
});

const user = z.looseObject({
  id: text.regex(/^[A-Za-z0-9@_-]{1,255}$/),
  name: text.optional(),
  image: text.optional(),
  role: text.optional(),
  custom: z.record(text, z.unknown()).optional(),
});

const member = z.looseObject({
  user_id: text.min(1),
  role: text.optional(),
  custom: z.record(text, z.unknown()).optional(),
});

const custom = z.record(text, z.unknown());

export const requestSchemas = {
  GetOrCreateCall: z.looseObject({
    data: z
      .looseObject({
        created_by_id: text.optional(),
        created_by: user.optional(),
        members: z.array(member).max(100).optional(),
        custom: custom.optional(),
        settings_override: settings.optional(),
        starts_at: z.iso.datetime().optional(),
        team: text.optional(),
        video: z.boolean().optional(),
      })
      .optional(),
    members_limit: z.int().max(100).optional(),
    notify: z.boolean().optional(),
    ring: z.boolean().optional(),
    video: z.boolean().optional(),
  }),
  UpdateCall: z.looseObject({
    settings_override: settings.optional(),
    custom: custom.optional(),
    starts_at: z.iso.datetime().optional(),
  }),
  StartRecording: z.looseObject({ recording_external_storage: text.optional() }),
  StopRecording: z.looseObject({}),
  DeleteCall: z.looseObject({ hard: z.boolean().optional() }),
  BlockUser: z.looseObject({ user_id: text }),
  KickUser: z.looseObject({ user_id: text, block: z.boolean().optional() }),
  QueryCalls: z.looseObject({
    filter_conditions: z.looseObject({ cid: z.looseObject({ $in: z.array(text).max(100) }) }),
    limit: z.int().max(100).optional(),
  }),
  UpdateApp: z.looseObject({ event_hooks: z.array(z.looseObject({})).max(20).optional() }),
  UpdateUsers: z.looseObject({ users: z.record(text, user) }),
} as const;

export type RequestSchemas = typeof requestSchemas;
export type RecordSettings = z.infer<typeof recording>;
export type CallData = NonNullable<z.infer<RequestSchemas["GetOrCreateCall"]>["data"]>;
export type SettingsOverride = NonNullable<CallData["settings_override"]>;
