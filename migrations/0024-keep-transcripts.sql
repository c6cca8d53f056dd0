-- Counts the lines of a meeting. Whoever writes lines holds its row until they are committed, so that numbers are
-- committed in their order: a reader who goes on from a number misses nothing.
CREATE TABLE transcriptions (
  meeting_id text PRIMARY KEY REFERENCES meetings (id),
  last_sequence integer NOT NULL DEFAULT 0
);

-- What was said in meetings, line by line.
CREATE TABLE transcripts (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  sequence integer NOT NULL,
  -- Who said it; null where nobody knows.
  speaker_id text REFERENCES users (id),
  -- Who sent it; null for our own recognition.
  author_id text REFERENCES users (id),
  text text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 10000),
  confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  -- Epoch ms, when it was said.
  start_ms bigint NOT NULL,
  end_ms bigint NOT NULL CHECK (end_ms > start_ms),
  language text NOT NULL,
  word_count integer NOT NULL,
  -- A guess at words that are still being said; the line that follows takes its place.
  is_interim boolean NOT NULL,
  -- The same for the same line however often it is sent; null for a guess.
  source_key text,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  UNIQUE (meeting_id, sequence),
  UNIQUE (meeting_id, source_key)
);
CREATE INDEX transcripts_by_time ON transcripts (meeting_id, start_ms, sequence) WHERE NOT is_interim;
CREATE INDEX transcripts_interim ON transcripts (meeting_id) WHERE is_interim;
