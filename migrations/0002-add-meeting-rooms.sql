-- When the server looks at a meeting's room by itself: to open it while the meeting runs, to close it afterwards.
-- Null: the room is as it should be.
ALTER TABLE meetings ADD COLUMN room_due_at timestamptz;
CREATE INDEX meetings_by_room_due ON meetings (room_due_at) WHERE room_due_at IS NOT NULL;

-- Who has been taken out of a meeting: older invites let them in no more, and their media is closed even when
-- the first attempt is lost with the process that made it.
CREATE TABLE meeting_removals (
  meeting_id text NOT NULL REFERENCES meetings (id),
  user_id text NOT NULL REFERENCES users (id),
  removed_at timestamptz NOT NULL DEFAULT app_now(),
  -- Null: their media is closed.
  due_at timestamptz,
  PRIMARY KEY (meeting_id, user_id)
);
CREATE INDEX meeting_removals_by_due ON meeting_removals (due_at) WHERE due_at IS NOT NULL;

-- Meeting ids are time-ordered: a user's newest meetings are read from the index, however many there are.
DROP INDEX meeting_participants_by_user;
CREATE INDEX meeting_participants_by_user ON meeting_participants (user_id, meeting_id DESC);

CREATE INDEX users_by_email ON users (lower(email));
