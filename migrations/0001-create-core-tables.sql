-- The database's clock as the application sees it. Tests replace it to move time; nothing else may.
CREATE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

CREATE TABLE organizations (
  id text PRIMARY KEY,
  plan text NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'paid')),
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now()
);

CREATE TABLE users (
  id text PRIMARY KEY,
  issuer text NOT NULL,
  subject text NOT NULL,
  email text NOT NULL,
  display_name text,
  avatar_url text,
  org_id text,
  org_role text,
  plan text NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'paid')),
  is_active boolean NOT NULL DEFAULT true,
  last_seen_at timestamptz,
  onboarding_complete boolean NOT NULL DEFAULT false,
  onboarding_started_at timestamptz,
  onboarding_completed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now(),
  UNIQUE (issuer, subject)
);
CREATE INDEX users_by_org ON users (org_id) WHERE org_id IS NOT NULL;

CREATE TABLE meetings (
  id text PRIMARY KEY,
  organizer_id text NOT NULL REFERENCES users (id),
  org_id text,
  title text NOT NULL,
  description text,
  meeting_type text,
  scheduled_at timestamptz,
  duration_ms bigint NOT NULL,
  state text NOT NULL DEFAULT 'scheduled' CHECK (state IN ('scheduled', 'active', 'concluded', 'cancelled')),
  tier text NOT NULL CHECK (tier IN ('free', 'paid')),
  recording_permitted boolean NOT NULL,
  transcription_enabled boolean NOT NULL,
  max_participants integer NOT NULL CHECK (max_participants >= 1),
  room_id text,
  started_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX meetings_by_organizer ON meetings (organizer_id, created_at DESC);
CREATE UNIQUE INDEX meetings_by_room ON meetings (room_id) WHERE room_id IS NOT NULL;

CREATE TABLE meeting_participants (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  user_id text NOT NULL REFERENCES users (id),
  role text NOT NULL CHECK (role IN ('host', 'participant', 'observer')),
  presence text NOT NULL DEFAULT 'invited' CHECK (presence IN ('invited', 'joined', 'left')),
  -- Seen in the room through media, as opposed to what the client declared by joining.
  in_room boolean NOT NULL DEFAULT false,
  joined_at timestamptz,
  left_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  UNIQUE (meeting_id, user_id)
);
CREATE INDEX meeting_participants_by_user ON meeting_participants (user_id, created_at DESC);

CREATE TABLE meeting_invites (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  -- SHA-256 of the secret, hex: a leaked database invites nobody.
  secret_hash text NOT NULL UNIQUE,
  role text NOT NULL CHECK (role IN ('participant', 'observer')),
  max_uses integer NOT NULL CHECK (max_uses >= 1),
  uses integer NOT NULL DEFAULT 0 CHECK (uses >= 0 AND uses <= max_uses),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  created_by text NOT NULL REFERENCES users (id),
  created_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX meeting_invites_by_meeting ON meeting_invites (meeting_id);

CREATE TABLE recordings (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  org_id text,
  room_id text NOT NULL,
  provider text NOT NULL CHECK (provider IN ('embedded', 'getstream')),
  provider_ref jsonb,
  quality text NOT NULL CHECK (quality IN ('360p', '720p', '1080p')),
  layout text NOT NULL CHECK (layout IN ('grid', 'spotlight', 'single-participant')),
  audio_only boolean NOT NULL,
  max_duration_ms bigint NOT NULL CHECK (max_duration_ms > 0),
  state text NOT NULL CHECK (state IN ('starting', 'recording', 'stopping', 'processing', 'ready', 'failed')),
  started_by text NOT NULL REFERENCES users (id),
  requested_at timestamptz NOT NULL,
  started_at timestamptz,
  stop_requested_at timestamptz,
  stopped_at timestamptz,
  stop_reason text,
  -- When settle looks at this row if nobody has moved it on before; null once ready or failed.
  deadline_at timestamptz,
  -- The node working on the row; another may take over when it has run out.
  lease_owner text,
  lease_until timestamptz,
  error_code text,
  error_message text,
  gaps jsonb NOT NULL DEFAULT '[]',
  tracks jsonb NOT NULL DEFAULT '[]',
  size_bytes bigint NOT NULL DEFAULT 0,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE UNIQUE INDEX recordings_one_open ON recordings (meeting_id) WHERE state IN ('starting', 'recording', 'stopping');
CREATE INDEX recordings_by_meeting ON recordings (meeting_id, requested_at DESC);
CREATE INDEX recordings_by_starter ON recordings (started_by, requested_at DESC);
CREATE INDEX recordings_by_deadline ON recordings (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX recordings_by_org ON recordings (org_id) WHERE org_id IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE renditions (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  recording_id text NOT NULL REFERENCES recordings (id),
  quality text NOT NULL CHECK (quality IN ('360p', '720p', '1080p')),
  layout text NOT NULL CHECK (layout IN ('grid', 'spotlight', 'single-participant')),
  audio_only boolean NOT NULL,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'composing', 'ready', 'failed')),
  progress real NOT NULL DEFAULT 0,
  eta_ms bigint,
  attempts integer NOT NULL DEFAULT 0,
  -- Not before this moment: the back-off after a failed attempt.
  run_at timestamptz NOT NULL DEFAULT app_now(),
  lease_owner text,
  lease_until timestamptz,
  error_message text,
  storage_key text,
  size_bytes bigint,
  sha256 text,
  probe jsonb,
  requested_by text REFERENCES users (id),
  created_at timestamptz NOT NULL DEFAULT app_now(),
  ready_at timestamptz,
  UNIQUE (meeting_id, recording_id, layout, quality, audio_only)
);
CREATE INDEX renditions_by_recording ON renditions (recording_id);
CREATE INDEX renditions_to_compose ON renditions (run_at) WHERE state IN ('queued', 'composing');

-- Calls counted against a limit that leave no other row.
CREATE TABLE limited_calls (
  user_id text NOT NULL,
  action text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX limited_calls_by_user ON limited_calls (user_id, action, at DESC);

-- What happened in a meeting, in order: the outbox of webhooks and the replayable history of a recording.
CREATE TABLE meeting_events (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  recording_id text,
  type text NOT NULL,
  data jsonb NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX meeting_events_by_meeting ON meeting_events (meeting_id, id);

CREATE TABLE audit_logs (
  id text PRIMARY KEY,
  actor_user_id text,
  meeting_id text,
  resource_type text NOT NULL,
  resource_id text NOT NULL,
  action text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX audit_logs_by_resource ON audit_logs (resource_type, resource_id, at DESC);
CREATE INDEX audit_logs_by_actor ON audit_logs (actor_user_id, at DESC);

-- The keys each mutation wrote, in the mutation's own transaction: what live queries are invalidated by.
CREATE TABLE commit_log (
  id text PRIMARY KEY,
  keys text[] NOT NULL,
  at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX commit_log_by_time ON commit_log (at);
