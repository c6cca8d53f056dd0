-- When the server looks whether a meeting still has a host who can act: set when one is deactivated. Null: nothing to look for.
ALTER TABLE meetings ADD COLUMN host_check_at timestamptz;
CREATE INDEX meetings_by_host_check ON meetings (host_check_at) WHERE host_check_at IS NOT NULL;

-- A user who is deactivated, by whatever means: invites they made let nobody in, meetings without a room hear of no media
-- that ends, and what they alone could end or cancel is looked after.
CREATE FUNCTION end_places() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE meeting_invites SET revoked_at = app_now() WHERE created_by = NEW.id AND revoked_at IS NULL;
  UPDATE meeting_participants SET presence = 'left', left_at = app_now()
    WHERE user_id = NEW.id AND presence = 'joined' AND NOT in_room;
  UPDATE meetings SET host_check_at = app_now()
    WHERE state IN ('scheduled', 'active')
      AND id IN (SELECT meeting_id FROM meeting_participants WHERE user_id = NEW.id AND role = 'host');
  RETURN NEW;
END
$$;
CREATE TRIGGER users_deactivated_places AFTER UPDATE OF is_active ON users
  FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION end_places();
CREATE INDEX meeting_invites_by_creator ON meeting_invites (created_by) WHERE revoked_at IS NULL;
