-- Where the capture of a recording is kept: on the disk of its site and, once `archived_at` is set, in the object store.
CREATE TABLE captures (
  meeting_id text NOT NULL REFERENCES meetings (id),
  recording_id text NOT NULL REFERENCES recordings (id),
  -- What the store has confirmed, [{name, sizeBytes, sha256}]; null before.
  files jsonb,
  size_bytes bigint NOT NULL DEFAULT 0,
  -- Something of it may be in the store since then.
  begun_at timestamptz,
  archived_at timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  -- Not before this moment: the back-off after a failed attempt.
  run_at timestamptz NOT NULL DEFAULT app_now(),
  error_message text,
  lease_owner text,
  lease_until timestamptz,
  PRIMARY KEY (meeting_id, recording_id)
);
CREATE INDEX captures_by_recording ON captures (recording_id);
CREATE INDEX captures_to_archive ON captures (run_at) WHERE archived_at IS NULL;

-- Copies of archived captures on the disks of sites; whoever wants to read one holds it.
CREATE TABLE capture_copies (
  meeting_id text NOT NULL REFERENCES meetings (id),
  recording_id text NOT NULL REFERENCES recordings (id),
  site_id text NOT NULL,
  state text NOT NULL CHECK (state IN ('restoring', 'failed', 'here', 'removing')),
  -- Of restoring, 0..1.
  progress real NOT NULL DEFAULT 0,
  -- Somebody may be reading it until then.
  held_until timestamptz NOT NULL DEFAULT app_now(),
  -- Kept until then although nobody reads it.
  keep_until timestamptz NOT NULL DEFAULT app_now(),
  attempts integer NOT NULL DEFAULT 0,
  run_at timestamptz NOT NULL DEFAULT app_now(),
  error_message text,
  lease_owner text,
  lease_until timestamptz,
  PRIMARY KEY (meeting_id, recording_id, site_id)
);
CREATE INDEX capture_copies_by_recording ON capture_copies (recording_id);
CREATE INDEX capture_copies_by_site ON capture_copies (site_id, state);

INSERT INTO captures (meeting_id, recording_id)
  SELECT meeting_id, id FROM recordings
  WHERE provider = 'embedded' AND state IN ('processing', 'ready', 'failed') AND stopped_at IS NOT NULL
    AND tracks <> '[]' AND deleted_at IS NULL;
