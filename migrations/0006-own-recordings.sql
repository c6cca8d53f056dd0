-- Data folders with embedded rooms: only a server of that folder can settle or compose what is recorded into it.
CREATE TABLE sites (
  id text PRIMARY KEY,
  -- For operators: where it is.
  place text NOT NULL,
  -- A server of it runs.
  lease_until timestamptz NOT NULL
);
-- The data folder that holds the media; null: the provider holds it.
ALTER TABLE recordings ADD COLUMN site_id text;
