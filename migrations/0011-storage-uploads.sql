-- Uploads to the object store that have begun and are not over: whoever stores the same file again goes on with its upload.
CREATE TABLE storage_uploads (
  key text PRIMARY KEY,
  upload_id text NOT NULL,
  -- Of the whole file, hex: the parts of another content are of no use.
  sha256 text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT app_now()
);
