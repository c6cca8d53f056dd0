-- What clients have subscribed to under names of their own, until it has to be established again.
CREATE TABLE subscriptions (
  user_id text NOT NULL REFERENCES users (id),
  subscription_id text NOT NULL,
  meeting_id text NOT NULL REFERENCES meetings (id),
  resource_type text NOT NULL,
  priority text NOT NULL CHECK (priority IN ('critical', 'high', 'normal', 'low')),
  established_at timestamptz NOT NULL DEFAULT app_now(),
  valid_until timestamptz NOT NULL,
  PRIMARY KEY (user_id, subscription_id)
);
CREATE INDEX subscriptions_by_end ON subscriptions (valid_until);
