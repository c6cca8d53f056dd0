-- Recordings whose sound is listened to, and how far.
CREATE TABLE recording_transcripts (
  recording_id text PRIMARY KEY REFERENCES recordings (id),
  state text NOT NULL DEFAULT 'listening' CHECK (state IN ('listening', 'finished', 'failed')),
  -- By track, ms of its media time: written together with the lines heard until there.
  heard jsonb NOT NULL DEFAULT '{}',
  -- Stretches of speech that could not be understood.
  not_understood integer NOT NULL DEFAULT 0,
  -- Failures since something was heard.
  attempts integer NOT NULL DEFAULT 0,
  error text,
  owner text,
  lease_until timestamptz,
  next_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX recording_transcripts_open ON recording_transcripts (next_at) WHERE state = 'listening';

-- What was heard in a recording goes with it.
ALTER TABLE transcripts ADD COLUMN recording_id text REFERENCES recordings (id);
CREATE INDEX transcripts_by_recording ON transcripts (recording_id) WHERE recording_id IS NOT NULL;
