-- What was said is found by its words: stems of English, as the recognition writes it.
CREATE INDEX transcripts_by_words ON transcripts USING gin (to_tsvector('english', text)) WHERE NOT is_interim;

-- Texts as vectors: what is alike in meaning lies close together, with vectors of the same model alone.
CREATE TABLE embeddings (
  id text PRIMARY KEY,
  source_type text NOT NULL CHECK (source_type IN ('user', 'profile', 'meeting', 'note', 'transcriptSegment')),
  -- As clients name it; what it goes with stands below.
  source_id text NOT NULL,
  model text NOT NULL,
  version text NOT NULL,
  dimensions integer NOT NULL CHECK (dimensions > 0),
  -- 32 bit floats, little-endian, of length 1.
  vector bytea NOT NULL CHECK (octet_length(vector) = 4 * dimensions),
  metadata jsonb NOT NULL DEFAULT '{}',
  -- How long it took, ms.
  took_ms double precision NOT NULL,
  user_id text REFERENCES users (id) ON DELETE CASCADE,
  meeting_id text REFERENCES meetings (id) ON DELETE CASCADE,
  line_id text REFERENCES transcripts (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  UNIQUE (source_type, source_id, model),
  CHECK (num_nonnulls(user_id, meeting_id) = 1 AND (source_type = 'transcriptSegment') = (line_id IS NOT NULL))
);
-- Compresses by nothing, and is read whole.
ALTER TABLE embeddings ALTER COLUMN vector SET STORAGE MAIN;
CREATE INDEX embeddings_by_model ON embeddings (model, id);
CREATE INDEX embeddings_of_line ON embeddings (line_id) WHERE line_id IS NOT NULL;
CREATE INDEX embeddings_of_meeting ON embeddings (meeting_id, model) WHERE meeting_id IS NOT NULL;
CREATE INDEX embeddings_of_user ON embeddings (user_id) WHERE user_id IS NOT NULL;

-- Models whose vectors are searched, and how near counts as alike.
CREATE TABLE vector_indexes (
  id text PRIMARY KEY,
  provider text NOT NULL,
  name text NOT NULL UNIQUE,
  dimensions integer NOT NULL,
  -- Cosine.
  threshold double precision NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  -- Since it was made: searches by meaning, how long they took together (ms), what they found, and how near that was.
  searches bigint NOT NULL DEFAULT 0,
  search_ms double precision NOT NULL DEFAULT 0,
  found bigint NOT NULL DEFAULT 0,
  scores double precision NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now()
);

-- Meetings whose lines have embeddings.
CREATE TABLE embedded_meetings (
  meeting_id text PRIMARY KEY REFERENCES meetings (id),
  model text NOT NULL,
  -- Increases with each change of its lines' embeddings.
  version integer NOT NULL DEFAULT 1
);

-- Meetings with lines that still have none.
CREATE TABLE embedding_jobs (
  meeting_id text PRIMARY KEY REFERENCES meetings (id),
  -- Increases with each line: a worker has done all if it is still the same.
  wanted integer NOT NULL DEFAULT 1,
  attempts integer NOT NULL DEFAULT 0,
  error text,
  owner text,
  lease_until timestamptz,
  -- Null once it was given up.
  next_at timestamptz DEFAULT app_now()
);
CREATE INDEX embedding_jobs_due ON embedding_jobs (next_at) WHERE next_at IS NOT NULL;
INSERT INTO embedding_jobs (meeting_id) SELECT meeting_id FROM transcriptions;
