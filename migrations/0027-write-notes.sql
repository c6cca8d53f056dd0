-- The text that the people of a meeting write together; the row is there from the first change on.
CREATE TABLE meeting_notes (
  meeting_id text PRIMARY KEY REFERENCES meetings (id),
  content text NOT NULL DEFAULT '',
  -- One more with every call that changes something.
  version bigint NOT NULL DEFAULT 0,
  -- Of the last operation in the log.
  sequence bigint NOT NULL DEFAULT 0,
  -- The log has all operations above this one, and so many UTF-16 units in them.
  kept_from bigint NOT NULL DEFAULT 0,
  logged_characters bigint NOT NULL DEFAULT 0,
  -- When an operation was last moved over what others had written meanwhile.
  rebased_at timestamptz NOT NULL DEFAULT app_now(),
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now()
);

-- What was done to it, in order; each is relative to the text that the one before has made.
CREATE TABLE note_operations (
  meeting_id text NOT NULL REFERENCES meetings (id),
  sequence bigint NOT NULL,
  id text NOT NULL,
  author_id text NOT NULL REFERENCES users (id),
  -- Of those that came through an offline queue.
  client_id text,
  type text NOT NULL CHECK (type IN ('insert', 'delete')),
  -- UTF-16 units.
  position integer NOT NULL,
  -- What was inserted, or what was deleted: each can be taken back.
  content text NOT NULL,
  -- UTF-16 units of it.
  characters integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (meeting_id, sequence)
);
CREATE INDEX note_operations_by_author ON note_operations (author_id, created_at);

-- What clients made offline, until it is applied, and for as long as they may ask for it again.
CREATE TABLE note_queue (
  -- The order in which a client made them.
  ordinal bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  meeting_id text NOT NULL REFERENCES meetings (id),
  user_id text NOT NULL REFERENCES users (id),
  -- The client's own names of itself and of the operation.
  client_id text NOT NULL,
  operation_id text NOT NULL,
  queue_id text NOT NULL,
  -- The last operation in the text that the client had; those of one such text are relative to each other.
  base_sequence bigint NOT NULL,
  type text NOT NULL CHECK (type IN ('insert', 'delete', 'retain')),
  position integer NOT NULL,
  content text,
  length integer,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'synced', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  error text,
  -- Where it is in the log together with those that were applied with it; last is below first where they came to nothing.
  first_sequence bigint,
  last_sequence bigint,
  queued_at timestamptz NOT NULL DEFAULT app_now(),
  attempted_at timestamptz,
  PRIMARY KEY (meeting_id, user_id, client_id, operation_id)
);
CREATE INDEX note_queue_in_order ON note_queue (meeting_id, user_id, client_id, ordinal);
CREATE INDEX note_queue_by_time ON note_queue (queued_at);

-- What clients say they had last.
CREATE TABLE note_checkpoints (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  user_id text NOT NULL REFERENCES users (id),
  client_id text NOT NULL,
  sequence bigint NOT NULL,
  version bigint NOT NULL,
  content_hash text NOT NULL,
  -- By the client's clock.
  client_time double precision NOT NULL,
  created_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX note_checkpoints_by_owner ON note_checkpoints (meeting_id, user_id, created_at);
CREATE INDEX note_checkpoints_by_time ON note_checkpoints (created_at);
