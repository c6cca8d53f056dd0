import { type Database, statement } from "../db/port.ts";
import type { BegunUpload, UploadLedger } from "./uploadLedger.ts";

const find = statement<BegunUpload>(
  "storageUploads.find",
  `SELECT upload_id AS "uploadId", sha256 FROM storage_uploads WHERE key = $1`,
);

const begin = statement(
  "storageUploads.begin",
  `INSERT INTO storage_uploads (key, upload_id, sha256) VALUES ($1, $2, $3)
   ON CONFLICT (key) DO UPDATE
   SET upload_id = EXCLUDED.upload_id, sha256 = EXCLUDED.sha256, started_at = app_now()`,
);

const end = statement("storageUploads.end", "DELETE FROM storage_uploads WHERE key = $1");

const forget = statement(
  "storageUploads.forget",
  "DELETE FROM storage_uploads WHERE started_at < app_now() - $1 * interval '1 millisecond'",
);

/** The ledger of uploads in the database, which all nodes share. */
export function databaseLedger(db: Database): UploadLedger {
  return {
    find: (key) => db.read((tx) => tx.first(find, [key])),
    begin: async (key, { uploadId, sha256 }) => {
      await db.transaction((tx) => tx.run(begin, [key, uploadId, sha256]));
    },
    end: async (key) => {
      await db.transaction((tx) => tx.run(end, [key]));
    },
    forget: async (olderThanMs) => {
      await db.transaction((tx) => tx.run(forget, [olderThanMs]));
    },
  };
}
