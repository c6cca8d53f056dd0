-- What people tell about themselves. What they leave out is null.
CREATE TABLE profiles (
  id text PRIMARY KEY,
  user_id text NOT NULL UNIQUE REFERENCES users (id),
  display_name text NOT NULL,
  bio text,
  goals text,
  languages text[] NOT NULL DEFAULT '{}',
  experience text,
  age integer CHECK (age BETWEEN 13 AND 120),
  gender text CHECK (gender IN ('male', 'female', 'non-binary', 'prefer-not-to-say')),
  field text,
  job_title text,
  company text,
  linkedin_url text,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now()
);

CREATE TABLE user_settings (
  id text PRIMARY KEY,
  user_id text NOT NULL UNIQUE REFERENCES users (id),
  email_notifications boolean NOT NULL DEFAULT true,
  push_notifications boolean NOT NULL DEFAULT true,
  sms_notifications boolean NOT NULL DEFAULT false,
  -- Off: the profile is for its owner and the administrators of their organisation only.
  profile_visibility boolean NOT NULL DEFAULT true,
  data_sharing boolean NOT NULL DEFAULT false,
  activity_tracking boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now()
);

-- The catalogue that everybody chooses from.
CREATE TABLE interests (
  key text PRIMARY KEY,
  label text NOT NULL,
  category text NOT NULL CHECK (category IN ('academic', 'industry', 'skill', 'personal')),
  icon_name text,
  -- How many users have chosen it.
  usage_count integer NOT NULL DEFAULT 0 CHECK (usage_count >= 0),
  created_at timestamptz NOT NULL DEFAULT app_now()
);
INSERT INTO interests (key, label, category, icon_name) VALUES
  ('artificial-intelligence', 'Artificial intelligence', 'academic', 'brain'),
  ('sustainability', 'Sustainability', 'academic', 'leaf'),
  ('entrepreneurship', 'Entrepreneurship', 'industry', 'rocket'),
  ('product-management', 'Product management', 'industry', 'clipboard-list'),
  ('software-engineering', 'Software engineering', 'skill', 'code'),
  ('public-speaking', 'Public speaking', 'skill', 'mic');

-- A key of the catalogue, or `custom:…` with a label of the user's own, which nobody else is shown.
CREATE TABLE user_interests (
  user_id text NOT NULL REFERENCES users (id),
  interest_key text NOT NULL,
  label text,
  icon_name text,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (user_id, interest_key),
  CHECK ((interest_key LIKE 'custom:%') = (label IS NOT NULL))
);
CREATE INDEX user_interests_by_interest ON user_interests (interest_key);

-- What a call under a client's key was answered, so that a repeat is answered alike and changes nothing.
CREATE TABLE idempotency_keys (
  user_id text NOT NULL REFERENCES users (id),
  scope text NOT NULL,
  -- SHA-256, hex, of the key and of the arguments: both may hold what people wrote.
  key_hash text NOT NULL,
  request_hash text NOT NULL,
  -- Null only within the transaction of the first call.
  result jsonb,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (user_id, scope, key_hash)
);

-- User ids are time-ordered: the newest of an organisation are read from the index, however many there are.
CREATE INDEX users_active_by_org ON users (org_id, id DESC) WHERE is_active AND org_id IS NOT NULL;
