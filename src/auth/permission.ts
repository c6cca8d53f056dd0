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

/** One rule on who may call a function. Made by `can`; the type parameter says what the handler may rely on. */
export interface Permission<G extends Grant = Grant> {
  /** For documentation: `anyone`, `user`, `participant`, `host`, `orgAdmin`, `admin`. */
  readonly requires: "anyone" | "user" | "participant" | "host" | "orgAdmin" | "admin";
  check(request: PermissionRequest): Promise<Result<G>>;
}

export interface UserGrant extends Grant {
  user: User;
}

export interface OrgGrant extends Grant {
  /** The organisation that the caller administers. */
  orgId: string;
}

export interface ParticipantGrant extends UserGrant {
  participant: Participant;
}
