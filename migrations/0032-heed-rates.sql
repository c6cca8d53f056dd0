-- What a video provider says is left of a kind of request, told by any server, for all of them: those that wait are asked for less often.
CREATE TABLE provider_rates (
  endpoint text PRIMARY KEY,
  -- Requests of a whole window.
  per_window integer NOT NULL,
  remaining integer NOT NULL,
  resets_at timestamptz NOT NULL
);
