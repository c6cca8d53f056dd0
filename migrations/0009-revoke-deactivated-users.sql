-- A user who is deactivated, by whatever means, is treated as one who is taken out of all running meetings: their media is
-- closed and their room tokens are refused. They keep their places, for when they are let in again.
CREATE FUNCTION revoke_room_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO meeting_removals (meeting_id, user_id, removed_at, due_at)
    SELECT p.meeting_id, p.user_id, app_now(), app_now()
    FROM meeting_participants p JOIN meetings m ON m.id = p.meeting_id
    WHERE p.user_id = NEW.id AND m.state = 'active' AND m.tier = 'paid'
    ON CONFLICT (meeting_id, user_id) DO UPDATE SET removed_at = EXCLUDED.removed_at, due_at = EXCLUDED.due_at;
  RETURN NEW;
END
$$;
CREATE TRIGGER users_deactivated AFTER UPDATE OF is_active ON users
  FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION revoke_room_tokens();
