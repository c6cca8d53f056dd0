-- What goes on in a meeting besides media, as its people report it.
CREATE TABLE meeting_activity (
  meeting_id text PRIMARY KEY REFERENCES meetings (id),
  topics text[] NOT NULL DEFAULT '{}',
  -- Who did something last, and what: a lull is a time without.
  last_activity_at timestamptz,
  last_activity text CHECK (last_activity IN ('speaking', 'message', 'screen_share', 'reaction')),
  last_user_id text,
  -- Set by whoever finds a lull, so that it is told once; the next activity ends it.
  lull_detected_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT app_now()
);

CREATE TABLE meeting_speaking (
  meeting_id text NOT NULL REFERENCES meetings (id),
  user_id text NOT NULL REFERENCES users (id),
  speaking_ms bigint NOT NULL CHECK (speaking_ms >= 0),
  PRIMARY KEY (meeting_id, user_id)
);
