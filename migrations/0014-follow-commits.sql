-- Who follows commits asks which of them its last snapshot did not see. Numbers given out while transactions run are no
-- order of commits; what a snapshot saw is exact.
CREATE SEQUENCE commit_ts AS bigint;
-- Nanoseconds, as Convex counts: above every number of an earlier database, whose copy this may be.
SELECT setval('commit_ts', (extract(epoch FROM clock_timestamp()) * 1e9)::bigint);

ALTER TABLE commit_log
  ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  ADD COLUMN ts bigint NOT NULL DEFAULT nextval('commit_ts');
ALTER SEQUENCE commit_ts OWNED BY commit_log.ts;
CREATE INDEX commit_log_by_transaction ON commit_log (xid);

-- Mutations of live clients that were carried out: a client that lost its connection sends those again whose answer it
-- does not know.
CREATE TABLE client_mutations (
  session_id text NOT NULL,
  request_id bigint NOT NULL,
  -- Who sent it: nobody is told the result of another's.
  caller text NOT NULL,
  -- JSON, in Convex's encoding.
  result text NOT NULL,
  ts bigint NOT NULL DEFAULT nextval('commit_ts'),
  at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (session_id, request_id)
);
CREATE INDEX client_mutations_by_time ON client_mutations (at);
