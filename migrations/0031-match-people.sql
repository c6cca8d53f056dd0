-- Who is free at what time and wants to be brought together with somebody.
CREATE TABLE matching_queue (
  id text PRIMARY KEY,
  user_id text NOT NULL REFERENCES users (id),
  available_from timestamptz NOT NULL,
  available_to timestamptz NOT NULL,
  interests text[] NOT NULL,
  roles text[] NOT NULL,
  -- As it was asked for, and whether it means people of the own organisation alone.
  org_constraints text,
  own_org boolean NOT NULL,
  status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'matched', 'expired', 'cancelled')),
  -- No cycle has compared it with the others yet.
  is_new boolean NOT NULL DEFAULT true,
  -- Its place in the queue, which it has again when a match comes to nothing.
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now(),
  CHECK (available_from < available_to)
);
CREATE UNIQUE INDEX matching_queue_one_waiting ON matching_queue (user_id) WHERE status = 'waiting';
CREATE INDEX matching_queue_places ON matching_queue (created_at, id) WHERE status = 'waiting';
CREATE INDEX matching_queue_new ON matching_queue (id) WHERE status = 'waiting' AND is_new;
CREATE INDEX matching_queue_ends ON matching_queue (available_to) WHERE status = 'waiting';
CREATE INDEX matching_queue_by_user ON matching_queue (user_id, created_at DESC, id DESC);
CREATE INDEX matching_queue_over ON matching_queue (updated_at) WHERE status IN ('expired', 'cancelled');

-- Two people who were brought together, and what became of it.
CREATE TABLE matches (
  id text PRIMARY KEY,
  meeting_id text NOT NULL UNIQUE REFERENCES meetings (id),
  state text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'accepted', 'declined', 'lapsed', 'completed')),
  score double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
  -- What it was made of, by name: 0 to 1; what was not known is left out.
  features jsonb NOT NULL,
  weights jsonb NOT NULL,
  reasons text[] NOT NULL,
  -- Both are free from then to then.
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  answer_by timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  -- When it got its state.
  settled_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX matches_by_time ON matches (created_at);

CREATE TABLE match_people (
  match_id text NOT NULL REFERENCES matches (id),
  user_id text NOT NULL REFERENCES users (id),
  entry_id text NOT NULL REFERENCES matching_queue (id),
  -- The published name of this row.
  id text NOT NULL UNIQUE,
  -- How long they had waited, ms.
  waited_ms bigint NOT NULL,
  is_open boolean NOT NULL DEFAULT true,
  accepted_at timestamptz,
  declined_at timestamptz,
  completed_at timestamptz,
  rating integer CHECK (rating BETWEEN 1 AND 5),
  comments text,
  PRIMARY KEY (match_id, user_id)
);
-- Nobody is in two matches that are not over.
CREATE UNIQUE INDEX match_people_one_open ON match_people (user_id) WHERE is_open;
CREATE INDEX match_people_open ON match_people (match_id) WHERE is_open;
CREATE INDEX match_people_by_user ON match_people (user_id, match_id DESC);
CREATE INDEX match_people_by_entry ON match_people (entry_id);

-- What features count, as administrators have had it tuned; the newest version holds. Null: of the server.
CREATE TABLE matching_weights (
  id text PRIMARY KEY,
  org_id text,
  version integer NOT NULL,
  weights jsonb NOT NULL,
  sample_size integer NOT NULL,
  improvement double precision NOT NULL,
  made_by text REFERENCES users (id),
  created_at timestamptz NOT NULL DEFAULT app_now(),
  UNIQUE NULLS NOT DISTINCT (org_id, version)
);

-- When all who wait are compared next.
CREATE TABLE matching_schedule (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  next_at timestamptz NOT NULL
);
INSERT INTO matching_schedule (next_at) VALUES ('epoch');
