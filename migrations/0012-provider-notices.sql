-- What a video provider told us by webhook: stored before it is answered, worked on afterwards, kept so that a repeat is known.
CREATE TABLE provider_notices (
  id text PRIMARY KEY,
  type text NOT NULL,
  -- The room it is about; null: none of ours.
  room_id text,
  body jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT app_now(),
  -- Null: still to be worked on, at the earliest at this moment.
  done_at timestamptz,
  run_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX provider_notices_open ON provider_notices (run_at) WHERE done_at IS NULL;
CREATE INDEX provider_notices_by_time ON provider_notices (received_at);
CREATE INDEX provider_notices_by_room ON provider_notices (room_id, received_at);

-- The provider's own name of what it records, told when it has begun.
ALTER TABLE recordings ADD COLUMN egress_id text;
CREATE INDEX recordings_by_egress ON recordings (egress_id) WHERE egress_id IS NOT NULL;

-- Each device by which somebody is in a provider's room, and the last word on it: words come in any order.
CREATE TABLE provider_sessions (
  room_id text NOT NULL,
  user_id text NOT NULL,
  session_id text NOT NULL,
  is_in boolean NOT NULL,
  said_at timestamptz NOT NULL,
  PRIMARY KEY (room_id, user_id, session_id)
);
