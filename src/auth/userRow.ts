import type { User } from "./identity.ts";

/** The columns `toUser` reads, of a table aliased `u`. */
export const userColumns =
  "u.id, u.issuer, u.subject, u.email, u.display_name, u.avatar_url, u.org_id, u.org_role, u.is_active";

export interface UserRow {
  id: string;
  issuer: string;
  subject: string;
  email: string;
  display_name: string | null;
  avatar_url: string | null;
  org_id: string | null;
  org_role: string | null;
  is_active: boolean;
}

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    issuer: row.issuer,
    subject: row.subject,
    email: row.email,
    isActive: row.is_active,
    ...(row.display_name === null ? {} : { displayName: row.display_name }),
    ...(row.avatar_url === null ? {} : { avatarUrl: row.avatar_url }),
    ...(row.org_id === null ? {} : { orgId: row.org_id }),
    ...(row.org_role === null ? {} : { orgRole: row.org_role }),
  };
}
