-- Nobody has said: CONNVO_DEFAULT_PLAN decides, also when it changes.
ALTER TABLE users ALTER COLUMN plan DROP NOT NULL, ALTER COLUMN plan DROP DEFAULT;
ALTER TABLE organizations ALTER COLUMN plan DROP NOT NULL, ALTER COLUMN plan DROP DEFAULT;
-- What the claim named by CONNVO_PLAN_CLAIM said in the latest token.
ALTER TABLE users ADD COLUMN claimed_plan text CHECK (claimed_plan IN ('free', 'paid'));
-- Free was what everybody began with; where an administrator has said it, it stays.
UPDATE users u SET plan = NULL WHERE plan = 'free' AND issuer <> 'https://connvo.local.invalid'
  AND NOT EXISTS (SELECT 1 FROM audit_logs a WHERE a.resource_type = 'user' AND a.resource_id = u.id AND a.action = 'plan.set');
UPDATE organizations o SET plan = NULL WHERE plan = 'free'
  AND NOT EXISTS (SELECT 1 FROM audit_logs a WHERE a.resource_type = 'organization' AND a.resource_id = o.id AND a.action = 'plan.set');
