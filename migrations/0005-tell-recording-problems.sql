-- Media that was received and is not in the recording, or not all of it.
ALTER TABLE recordings ADD COLUMN problems jsonb NOT NULL DEFAULT '[]';
