-- Whether the recording is to be paused: a wish that outlives whoever asked the provider.
ALTER TABLE recordings ADD COLUMN pause_wanted boolean NOT NULL DEFAULT false;
-- Since when the provider has paused it, on the recorder's clock; null while it is not.
ALTER TABLE recordings ADD COLUMN paused_at timestamptz;
-- The pauses that are over; of an ended recording all of them.
ALTER TABLE recordings ADD COLUMN pauses jsonb NOT NULL DEFAULT '[]';
