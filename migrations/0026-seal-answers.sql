-- What a live client's mutation gave may hold secrets: new ones of webhooks, links of invites. It is sealed with a key that only the
-- client's session id gives, and found by a hash of that id: who reads the database alone has neither.
ALTER TABLE client_mutations
  ALTER COLUMN result DROP NOT NULL,
  ADD COLUMN sealed bytea,
  -- Of an answer that is not sealed yet, because an earlier version stored it.
  ADD COLUMN clear_session_id text;

CREATE FUNCTION hide_session(session_id text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT encode(sha256(convert_to('connvo live session ' || session_id, 'UTF8')), 'base64')
$$;
UPDATE client_mutations SET clear_session_id = session_id, session_id = hide_session(session_id);
ALTER TABLE client_mutations ADD CONSTRAINT client_mutations_sealed CHECK (
  (sealed IS NULL) = (result IS NOT NULL) AND (sealed IS NULL) = (clear_session_id IS NOT NULL));

-- Nodes of the earlier version go on storing while all are replaced: their rows are found like ours, so that nothing is carried out by
-- one of each.
CREATE FUNCTION hide_cleared_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.clear_session_id := NEW.session_id;
  NEW.session_id := hide_session(NEW.session_id);
  RETURN NEW;
END
$$;
CREATE TRIGGER client_mutations_hide_session BEFORE INSERT ON client_mutations
  FOR EACH ROW WHEN (NEW.sealed IS NULL) EXECUTE FUNCTION hide_cleared_session();
CREATE INDEX client_mutations_clear ON client_mutations (session_id) WHERE sealed IS NULL;
