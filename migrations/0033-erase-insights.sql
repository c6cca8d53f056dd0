-- Whose insight of which meeting was deleted: it is not made again.
CREATE TABLE insight_erasures (
  meeting_id text NOT NULL REFERENCES meetings (id),
  user_id text NOT NULL REFERENCES users (id),
  erased_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (meeting_id, user_id)
);
