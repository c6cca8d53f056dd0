import { AppError } from "../core/errors.ts";
import { type Database, statement, type Tx } from "../db/port.ts";

/** How long a data folder counts as used after its server was last heard of, ms. */
const leaseMs = 30_000;
/** How often a server says that it is there, ms. */
export const renewSiteMs = 5_000;

/** A data folder with embedded rooms, which holds the media of its recordings. */
export interface Site {
  id: string;
  /** Host and folder, for messages to the operator. */
  place: string;
}

/** Of several servers that start at once one is looked at after the other; the number is arbitrary. */
const takeTurns = statement("sites.takeTurns", "SELECT pg_advisory_xact_lock(7205150002)");

const findOther = statement<{ place: string; leaseMs: number }>(
  "sites.findOther",
  `SELECT place, (extract(epoch FROM lease_until - app_now()) * 1000)::double precision AS "leaseMs"
   FROM sites WHERE id <> $1 AND lease_until > app_now() LIMIT 1`,
);

const renew = statement(
  "sites.renew",
  `INSERT INTO sites (id, place, lease_until)
   VALUES ($1, $2, app_now() + interval '${leaseMs} milliseconds')
   ON CONFLICT (id) DO UPDATE SET place = EXCLUDED.place, lease_until = EXCLUDED.lease_until`,
);

const release = statement(
  "sites.release",
  "UPDATE sites SET lease_until = app_now() WHERE id = $1",
);

/**
 * Registers a data folder as the one that this database is used with; its servers share it.
 * @throws AppError CONFLICT (`metadata.retryAfterMs`) while a server of another folder runs
 */
export function claimSite(db: Database, site: Site): Promise<void> {
  return db.transaction(async (tx) => {
    await tx.first(takeTurns);
    const other = await tx.first(findOther, [site.id]);
    if (other) throw inUse(site, other.place, Math.ceil(other.leaseMs));
    await renewSite(tx, site);
  });
}

/** Says that a server of this folder runs; to be repeated every `renewSiteMs`. */
export async function renewSite(tx: Tx, { id, place }: Site): Promise<void> {
  await tx.run(renew, [id, place]);
}

/** Another folder's server may start. One more server of this folder soon says that it is there. */
export async function releaseSite(tx: Tx, { id }: Site): Promise<void> {
  await tx.run(release, [id]);
}

/** SQL: whether recording `r` is of this site (`$n`), or of none in particular. */
export const isOfSite = (parameter: string): string =>
  `(r.site_id IS NULL OR r.site_id = ${parameter}::text)`;

/** SQL: whether the capture of recording `r` can be read here: it is of this site (`$n`) or, where those are fetched (`$m`), archived. */
export const isWithinReach = (site: string, fetches: string): string =>
  `(${isOfSite(site)} OR ${fetches}::boolean AND EXISTS (
    SELECT 1 FROM captures c WHERE c.recording_id = r.id AND c.archived_at IS NOT NULL))`;

/** SQL: whether the site of recording `r` has not been heard of for so long that its meeting has to be let go. */
export const isOfLostSite = `NOT EXISTS (SELECT 1 FROM sites s
  WHERE s.id = r.site_id AND s.lease_until > app_now() - interval '1 hour')`;

function inUse(site: Site, place: string, retryAfterMs: number): AppError {
  return new AppError(
    "CONFLICT",
    `a server with embedded rooms in another data folder (${place}) uses this database, and ${site.place} cannot join it: ` +
      "embedded rooms are of one machine. Give both servers one CONNVO_DATA_DIR, or each a database of its own, or use " +
      `GetStream. Once that server has gone, this one can start within ${Math.ceil(leaseMs / 1000)} s.`,
    { retryAfterMs },
  );
}
