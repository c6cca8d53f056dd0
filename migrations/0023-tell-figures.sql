-- What nodes tell of themselves, so that each can tell it of all: written every few seconds without waiting for the disk, and
-- in no backup. Figures of a minute are totals: written again while they grow, a repeated write changes nothing.

-- A node that says nothing for 20 s has gone.
CREATE TABLE nodes (
  id text PRIMARY KEY,
  seen_at timestamptz NOT NULL DEFAULT app_now(),
  -- What is so now: live clients, calls under way, the load of its machine.
  gauges jsonb NOT NULL,
  breakers jsonb NOT NULL
);

CREATE TABLE node_minutes (
  minute timestamptz NOT NULL,
  node_id text NOT NULL,
  requests integer NOT NULL,
  bytes bigint NOT NULL,
  -- Changes that live clients were told of, and how soon after the commit.
  updates integer NOT NULL,
  latencies integer[] NOT NULL,
  -- A few of the calls: those that failed, and the slowest.
  examples jsonb NOT NULL,
  PRIMARY KEY (minute, node_id)
);

CREATE TABLE call_minutes (
  minute timestamptz NOT NULL,
  node_id text NOT NULL,
  fn text NOT NULL,
  kind text NOT NULL,
  calls integer NOT NULL,
  -- Not those that were refused because of what the caller did.
  failed integer NOT NULL,
  ms double precision NOT NULL,
  latencies integer[] NOT NULL,
  PRIMARY KEY (minute, node_id, fn)
);

CREATE TABLE user_minutes (
  minute timestamptz NOT NULL,
  node_id text NOT NULL,
  user_id text NOT NULL,
  requests integer NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (user_id, minute, node_id)
);
CREATE INDEX user_minutes_by_time ON user_minutes (minute);

-- When live queries of figures were last told to run again, by the key they depend on.
CREATE TABLE figures_told (
  key text PRIMARY KEY,
  at timestamptz NOT NULL
);

-- How often each breaker was reset: every node follows.
CREATE TABLE breaker_resets (
  breaker text PRIMARY KEY,
  resets integer NOT NULL
);

-- What was told of an established subscription since it was.
ALTER TABLE subscriptions
  ADD COLUMN updates integer NOT NULL DEFAULT 0,
  ADD COLUMN failures integer NOT NULL DEFAULT 0,
  -- Of those updates whose way from the commit was measured: how many, their time together, how many were late.
  ADD COLUMN timed integer NOT NULL DEFAULT 0,
  ADD COLUMN latency_ms double precision NOT NULL DEFAULT 0,
  ADD COLUMN late integer NOT NULL DEFAULT 0,
  ADD COLUMN updated_at timestamptz;
