-- Finds recordings that have been kept for long, the oldest first.
CREATE INDEX recordings_by_end ON recordings (coalesce(stopped_at, requested_at))
  WHERE deleted_at IS NULL AND state IN ('processing', 'ready', 'failed');
