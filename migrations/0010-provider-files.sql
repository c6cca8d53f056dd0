-- Files that a video provider made of recordings: each is one recording's, and each recording has one.
CREATE TABLE provider_files (
  room_id text NOT NULL,
  -- The provider's own name of it, unique in the room.
  file text NOT NULL,
  recording_id text NOT NULL UNIQUE REFERENCES recordings (id),
  found_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (room_id, file)
);
