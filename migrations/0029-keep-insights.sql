-- What one person can take from a meeting, found in what was said and noted there.
CREATE TABLE insights (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  user_id text NOT NULL REFERENCES users (id),
  summary text NOT NULL,
  -- [{text, atMs}]: epoch ms of where it was said; null for what stands in the notes.
  action_items jsonb NOT NULL,
  -- [{type, content, confidence, aboutUserId, isFromProfile}]
  recommendations jsonb NOT NULL,
  -- The number of the transcript's last line when it was made.
  lines integer NOT NULL,
  -- What its owner thinks of it.
  is_read boolean,
  is_useful boolean,
  rating integer CHECK (rating BETWEEN 1 AND 5),
  remark text,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now(),
  UNIQUE (meeting_id, user_id)
);
CREATE INDEX insights_by_user ON insights (user_id, created_at DESC, id DESC);

-- Meetings whose insights are still to be made.
CREATE TABLE insight_jobs (
  meeting_id text PRIMARY KEY REFERENCES meetings (id),
  attempts integer NOT NULL DEFAULT 0,
  error text,
  owner text,
  lease_until timestamptz,
  -- Null once it was given up.
  next_at timestamptz DEFAULT app_now()
);
CREATE INDEX insight_jobs_due ON insight_jobs (next_at) WHERE next_at IS NOT NULL;

-- What people could talk about, before a meeting and in it.
CREATE TABLE prompts (
  id text PRIMARY KEY,
  meeting_id text NOT NULL REFERENCES meetings (id),
  type text NOT NULL CHECK (type IN ('precall', 'incall')),
  content text NOT NULL,
  tags text[] NOT NULL,
  relevance double precision NOT NULL CHECK (relevance BETWEEN 0 AND 1),
  -- Whom it tells of: it goes with them.
  about_user_ids text[] NOT NULL,
  -- An earlier meeting that it quotes.
  source_meeting_id text REFERENCES meetings (id),
  -- What people have done with it; one for all of them.
  feedback text CHECK (feedback IN ('used', 'dismissed', 'upvoted')),
  used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX prompts_by_meeting ON prompts (meeting_id, type, created_at DESC, id DESC);
CREATE INDEX prompts_by_source ON prompts (source_meeting_id) WHERE source_meeting_id IS NOT NULL;

-- Running meetings in which somebody has spoken, and when they are looked at next.
CREATE TABLE prompt_watches (
  meeting_id text PRIMARY KEY REFERENCES meetings (id),
  next_at timestamptz NOT NULL DEFAULT app_now(),
  -- What was told in this meeting, dismissed or not: it is not told again.
  told text[] NOT NULL DEFAULT '{}',
  told_at timestamptz
);
CREATE INDEX prompt_watches_due ON prompt_watches (next_at);
CREATE INDEX meetings_running ON meetings (id) WHERE state = 'active';

-- How often lines were deleted or corrected: what was taken from the transcript before quotes what is gone.
ALTER TABLE transcriptions ADD COLUMN revision integer NOT NULL DEFAULT 0;
