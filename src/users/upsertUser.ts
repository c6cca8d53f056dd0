import { recordAudit } from "../audit/record.ts";
import type { Identity } from "../auth/identity.ts";
import { type IssuerSettings, issuersFromConfig } from "../auth/issuers/issuersFromConfig.ts";
import { localIssuerName } from "../auth/issuers/localIssuer.ts";
import { AppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { orThrow } from "../core/result.ts";
import { statement, type Tx } from "../db/port.ts";
import { defaultName } from "./profiles/rules.ts";
import { ensureProfile } from "./profiles/store.ts";
import { anyProfile, ownProfile, type Profile, type ProfileRequest } from "./rules.ts";

const updateOwn = statement<{ id: string }>(
  "users.updateOwn",
  `UPDATE users SET email = $3,
     email_verified = CASE WHEN lower(email) = lower($3) THEN email_verified OR $5 ELSE $5 END,
     display_name = coalesce($4, display_name),
     last_seen_at = app_now(), updated_at = app_now()
   WHERE issuer = $1 AND subject = $2 RETURNING id`,
);

const findBySubject = statement<{ id: string }>(
  "users.findBySubject",
  "SELECT id FROM users WHERE subject = $1 LIMIT 2",
);

const insertAny = statement<{ id: string }>(
  "users.insert",
  `INSERT INTO users AS u (id, issuer, subject, email, display_name, org_id, org_role, email_verified)
   VALUES ($1, $2, $3, $4, $5, $6, $7, true)
   ON CONFLICT (issuer, subject) DO UPDATE SET email = EXCLUDED.email, email_verified = true,
     display_name = coalesce(EXCLUDED.display_name, u.display_name),
     org_id = coalesce(EXCLUDED.org_id, u.org_id), org_role = coalesce(EXCLUDED.org_role, u.org_role),
     updated_at = app_now()
   RETURNING id`,
);

const updateAny = statement(
  "users.update",
  `UPDATE users SET email = $2, email_verified = true, display_name = coalesce($3, display_name),
     org_id = coalesce($4, org_id), org_role = coalesce($5, org_role), updated_at = app_now()
   WHERE id = $1`,
);

/**
 * Stores a person's address and name and returns the user's id. A user stores their own row only; an administrator
 * stores anybody's, the organisation too, and what is absent stays as it is.
 * @throws AppError UNAUTHORIZED, FORBIDDEN, VALIDATION_ERROR with `field`, CONFLICT (a subject of two issuers)
 */
export function upsertUser(
  tx: Tx,
  settings: IssuerSettings,
  identity: Identity,
  request: ProfileRequest,
): Promise<string> {
  switch (identity.kind) {
    case "user":
      return storeOwn(tx, identity, orThrow(ownProfile(identity, request)));
    case "admin":
      return storeAny(tx, settings, request, orThrow(anyProfile(request)));
    case "anonymous":
      throw new AppError("UNAUTHORIZED", "Sign in first");
    default:
      return identity satisfies never;
  }
}

async function storeOwn(
  tx: Tx,
  { issuer, subject }: Extract<Identity, { kind: "user" }>,
  { email, emailVerified, displayName }: Profile,
): Promise<string> {
  const row = await tx.first(updateOwn, [issuer, subject, email, displayName, emailVerified]);
  if (!row) throw new Error("a signed-in user has no row");
  tx.writes(`user:${row.id}`);
  await ensureProfile(tx, row.id, defaultName({ displayName: displayName ?? undefined, email }));
  return row.id;
}

async function storeAny(
  tx: Tx,
  settings: IssuerSettings,
  request: ProfileRequest,
  { email, displayName }: Profile,
): Promise<string> {
  const { workosUserId: subject, orgId = null, orgRole = null } = request;
  const [known, second] = await tx.all(findBySubject, [subject]);
  if (second) {
    throw new AppError("CONFLICT", "Users of two issuers have this id", { field: "workosUserId" });
  }
  const issuer = homeIssuer(settings);
  const inserted = [newId("users"), issuer, subject, email, displayName, orgId, orgRole];
  const id = known?.id ?? (await tx.first(insertAny, inserted))?.id;
  if (id === undefined) throw new Error("an upsert returned no row");
  if (known) await tx.run(updateAny, [id, email, displayName, orgId, orgRole]);
  tx.writes(`user:${id}`);
  // An organisation that is told of as it is now; whoever lists the one before has read the user.
  if (orgId !== null) tx.writes(`org:${orgId}`);
  await ensureProfile(tx, id, defaultName({ displayName: displayName ?? undefined, email }));
  await recordAudit(tx, { resourceType: "user", resourceId: id, action: "user.stored" });
  return id;
}

/** Whose tokens a person that an administrator adds will come with: AuthKit's, another issuer's, or our own. */
function homeIssuer(settings: IssuerSettings): string {
  const names = issuersFromConfig(settings).map((issuer) => issuer.name);
  return names.find((name) => name.includes("/user_management/")) ?? names[0] ?? localIssuerName;
}
