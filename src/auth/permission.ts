import type { Result } from "../core/result.ts";
import type { ReadTx } from "../db/port.ts";
import type { Identity, Participant, User } from "./identity.ts";

/** What a granted permission proves, handed to the handler so that it need not look again. */
export interface Grant {
  user: User | undefined;
  participant: Participant | undefined;
}

export interface PermissionRequest {
  tx: ReadTx;
  identity: Identity;
  /** Present for a user identity, already provisioned. */
  user: User | undefined;
  args: Record<string, unknown>;
}

/** What a caller has to be, as documentation and the table of permissions name it. */
export type Requirement =
  | "anyone"
  | "user"
  | "userOrAdmin"
  | "selfOrOrgAdmin"
  | "participant"
  | "contributor"
  | "host"
  | "orgAdmin"
  | "anyOrgAdmin"
  | "insightOwner"
  | "auditReader"
  | "admin";

/** One rule on who may call a function. Made by `can`; the type parameter says what the handler may rely on. */
export interface Permission<G extends Grant = Grant> {
  /** For documentation: who passes. */
  readonly requires: Requirement;
  check(request: PermissionRequest): Promise<Result<G>>;
}

export interface UserGrant extends Grant {
  user: User;
}

export interface OrgGrant extends Grant {
  /** The organisation that the caller administers. */
  orgId: string;
}

export interface AuditGrant extends Grant {
  /** Whose entries the caller may read. */
  log: { orgId: string } | { meetingId: string };
}

export interface PersonGrant extends Grant {
  /** Whom it is about: the caller or somebody they administer, deactivated or not. */
  person: User;
}

export interface InsightGrant extends PersonGrant {
  insight: { id: string; meetingId: string };
}

export interface ParticipantGrant extends UserGrant {
  participant: Participant;
}
