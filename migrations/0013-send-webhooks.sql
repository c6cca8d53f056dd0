-- Endpoints of organisations that are told what happens, as Standard Webhooks.
CREATE TABLE webhook_endpoints (
  id text PRIMARY KEY,
  org_id text NOT NULL,
  url text NOT NULL,
  description text,
  -- Empty: all of them.
  event_types text[] NOT NULL DEFAULT '{}',
  -- As its receiver has it: what signs cannot be kept as a hash.
  secret text NOT NULL,
  -- Signs too until then, while receivers change over.
  previous_secret text,
  previous_until timestamptz,
  enabled boolean NOT NULL DEFAULT true,
  -- Why it is not enabled: `gone` (it answered 410) or `admin`.
  disabled_reason text,
  -- Null: the administration key.
  created_by text REFERENCES users (id),
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX webhook_endpoints_by_org ON webhook_endpoints (org_id, created_at);

-- What there is to tell, written with the change it tells of.
CREATE TABLE webhook_events (
  id text PRIMARY KEY,
  org_id text NOT NULL,
  type text NOT NULL,
  meeting_id text,
  recording_id text,
  -- Rises with every event of the recording, or of the meeting where it is about no recording.
  sequence integer NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX webhook_events_by_age ON webhook_events (created_at);

-- An event on its way to an endpoint.
CREATE TABLE webhook_deliveries (
  endpoint_id text NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
  event_id text NOT NULL REFERENCES webhook_events (id) ON DELETE CASCADE,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
  attempts integer NOT NULL DEFAULT 0,
  -- Not before this moment.
  next_at timestamptz NOT NULL DEFAULT app_now(),
  last_attempt_at timestamptz,
  -- The HTTP status of the last answer; null when there was none.
  last_status integer,
  last_error text,
  -- The node that sends it now; another takes over when it has run out.
  lease_owner text,
  lease_until timestamptz,
  PRIMARY KEY (endpoint_id, event_id)
);
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event_id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, next_at) WHERE state = 'pending';

-- Outlive the events, so that a number is never given twice.
ALTER TABLE recordings ADD COLUMN webhook_sequence integer NOT NULL DEFAULT 0;
ALTER TABLE meetings ADD COLUMN webhook_sequence integer NOT NULL DEFAULT 0;
