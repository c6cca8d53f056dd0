-- When nothing that is said in a running meeting is to be written down, though it may be recorded; it never is, later neither.
CREATE TABLE transcription_breaks (
  meeting_id text NOT NULL REFERENCES meetings (id),
  -- Epoch ms; without an end until further notice.
  from_ms bigint NOT NULL,
  to_ms bigint,
  PRIMARY KEY (meeting_id, from_ms)
);

-- What was deleted of transcripts: what was said then is not written again, however often it is heard or sent.
CREATE TABLE transcript_erasures (
  meeting_id text NOT NULL REFERENCES meetings (id),
  -- What was heard in it, and sent while it ran; null: whatever was said.
  recording_id text REFERENCES recordings (id),
  -- What that person said; null: everybody.
  speaker_id text REFERENCES users (id),
  -- Epoch ms.
  from_ms bigint NOT NULL,
  until_ms bigint NOT NULL,
  UNIQUE NULLS NOT DISTINCT (meeting_id, recording_id, speaker_id)
);
-- Nobody listens again to a recording whose transcript was deleted.
ALTER TABLE recording_transcripts DROP CONSTRAINT recording_transcripts_state_check,
  ADD CONSTRAINT recording_transcripts_state_check CHECK (state IN ('listening', 'finished', 'failed', 'deleted'));
-- How long the stretches are together that could not be understood.
ALTER TABLE recording_transcripts ADD COLUMN not_understood_ms bigint NOT NULL DEFAULT 0;

-- When its text was last corrected.
ALTER TABLE transcripts ADD COLUMN corrected_at timestamptz;
-- What a line was before each correction, in order: the first is what was heard or sent.
CREATE TABLE transcript_corrections (
  line_id text NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE,
  number integer NOT NULL,
  replaced_text text NOT NULL,
  corrected_by text NOT NULL REFERENCES users (id),
  corrected_at timestamptz NOT NULL,
  PRIMARY KEY (line_id, number)
);

-- Lines and guesses that each person has sent to a meeting: nobody may send all that it keeps.
CREATE TABLE transcript_authors (
  meeting_id text NOT NULL REFERENCES meetings (id),
  user_id text NOT NULL REFERENCES users (id),
  lines integer NOT NULL,
  PRIMARY KEY (meeting_id, user_id)
);
