import { ok, type Result } from "../../core/result.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/** What a host asks for. */
export interface InviteRequest {
  role?: "participant" | "observer" | undefined;
  maxUses?: number | undefined;
  expiresInMs?: number | undefined;
}

export interface InviteTerms {
  role: "participant" | "observer";
  maxUses: number;
  expiresInMs: number;
}

const dayMs = 86_400_000;
const maxInviteUses = 100;
const defaultLifetimeMs = 7 * dayMs;
const longestLifetimeMs = 30 * dayMs;

/** Fills the defaults: participant, one use, 7 days. Refusals are VALIDATION_ERROR with `field` and `limit`. */
export function termsOf(request: InviteRequest): Result<InviteTerms> {
  const { role = "participant", maxUses = 1, expiresInMs = defaultLifetimeMs } = request;
  const uses = wholeNumber("maxUses", maxUses, { max: maxInviteUses });
  if (!uses.ok) return uses;
  const lifetime = wholeNumber("expiresInMs", expiresInMs, { max: longestLifetimeMs });
  if (!lifetime.ok) return lifetime;
  return ok({ role, maxUses, expiresInMs });
}

/** An invite as a decision needs it; times are epoch ms. */
export interface InviteState {
  uses: number;
  maxUses: number;
  expiresAt: number;
  revokedAt: number | null;
}

/** Whether the invite means anything to anybody: not revoked, not expired. */
export function isLive(invite: Omit<InviteState, "uses" | "maxUses">, now: number): boolean {
  return invite.revokedAt === null && invite.expiresAt > now;
}

/** Whether it lets one more person in. */
export function hasUsesLeft({ uses, maxUses }: Pick<InviteState, "uses" | "maxUses">): boolean {
  return uses < maxUses;
}
