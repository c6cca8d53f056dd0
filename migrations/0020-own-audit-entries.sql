-- Whose administrators may read an entry: the organisation at the time, of the meeting or of the user that it is about.
ALTER TABLE audit_logs ADD COLUMN org_id text;
UPDATE audit_logs a SET org_id = CASE
  WHEN a.meeting_id IS NOT NULL THEN (SELECT m.org_id FROM meetings m WHERE m.id = a.meeting_id)
  WHEN a.resource_type = 'user' THEN (SELECT u.org_id FROM users u WHERE u.id = a.resource_id)
  WHEN a.resource_type = 'organization' THEN a.resource_id
  ELSE a.metadata->>'orgId' END;

-- The newest first; entries of one moment by their ids.
DROP INDEX audit_logs_by_resource;
DROP INDEX audit_logs_by_actor;
CREATE INDEX audit_logs_by_resource ON audit_logs (resource_type, resource_id, at DESC, id DESC);
CREATE INDEX audit_logs_by_actor ON audit_logs (actor_user_id, at DESC, id DESC);
CREATE INDEX audit_logs_by_org ON audit_logs (org_id, at DESC, id DESC);
CREATE INDEX audit_logs_by_org_action ON audit_logs (org_id, action, at DESC, id DESC);
