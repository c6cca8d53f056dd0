-- A window of somebody in a free meeting, whose media goes from browser to browser.
CREATE TABLE webrtc_sessions (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  -- The client's own name of it.
  session_id text NOT NULL,
  user_id text NOT NULL REFERENCES users (id),
  state text NOT NULL DEFAULT 'connecting' CHECK (state IN ('connecting', 'connected', 'disconnected', 'failed', 'closed')),
  metadata jsonb,
  -- As last reported, and when.
  quality text CHECK (quality IN ('excellent', 'good', 'fair', 'poor')),
  metrics_at timestamptz,
  -- Why it failed last, in the client's words.
  failure_type text,
  failure_details text,
  -- When its client last did anything with it: a window that is gone says nothing any more.
  heard_at timestamptz NOT NULL DEFAULT app_now(),
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now(),
  UNIQUE (meeting_id, session_id)
);
CREATE INDEX webrtc_sessions_open_by_user ON webrtc_sessions (user_id) WHERE state <> 'closed';
CREATE INDEX webrtc_sessions_open_by_time ON webrtc_sessions (heard_at) WHERE state <> 'closed';
CREATE INDEX webrtc_sessions_closed_by_time ON webrtc_sessions (updated_at) WHERE state = 'closed';

-- Offers, answers and candidates on their way: one row for each person a signal is for.
CREATE TABLE webrtc_signals (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  -- Order of arrival: the signals of a meeting are stored one transaction after the other.
  sequence bigint NOT NULL,
  -- The sender's.
  session_id text NOT NULL,
  from_user_id text NOT NULL REFERENCES users (id),
  to_user_id text NOT NULL REFERENCES users (id),
  type text NOT NULL CHECK (type IN ('sdp', 'ice')),
  data jsonb NOT NULL,
  size_bytes integer NOT NULL,
  processed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  UNIQUE (meeting_id, sequence)
);
CREATE INDEX webrtc_signals_by_addressee ON webrtc_signals (meeting_id, to_user_id, sequence);
CREATE INDEX webrtc_signals_by_time ON webrtc_signals (created_at);

-- The latest reports of each session on its connection; bit/s, %, ms, ms.
CREATE TABLE connection_metrics (
  id text PRIMARY KEY,
  meeting_id text NOT NULL,
  session_id text NOT NULL,
  quality text NOT NULL,
  bitrate double precision NOT NULL,
  packet_loss double precision NOT NULL,
  latency double precision NOT NULL,
  jitter double precision NOT NULL,
  at timestamptz NOT NULL DEFAULT app_now(),
  FOREIGN KEY (meeting_id, session_id) REFERENCES webrtc_sessions (meeting_id, session_id) ON DELETE CASCADE
);
CREATE INDEX connection_metrics_by_session ON connection_metrics (meeting_id, session_id, at);

-- A user who is deactivated, by whatever means, is in no call any more; what they sent runs out within minutes.
CREATE FUNCTION close_webrtc_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH closed AS (
    UPDATE webrtc_sessions SET state = 'closed', updated_at = app_now()
    WHERE user_id = NEW.id AND state <> 'closed' RETURNING meeting_id)
  INSERT INTO commit_log (id, keys)
    SELECT 'commit_' || replace(gen_random_uuid()::text, '-', ''), array_agg(DISTINCT 'sessions:' || meeting_id)
    FROM closed HAVING count(*) > 0;
  RETURN NEW;
END
$$;
CREATE TRIGGER users_deactivated_sessions AFTER UPDATE OF is_active ON users
  FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION close_webrtc_sessions();
