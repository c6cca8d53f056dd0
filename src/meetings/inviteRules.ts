import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";

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
  if (!isWhole(maxUses, maxInviteUses))
    return invalid("maxUses", `maxUses must be a whole number from 1 to ${maxInviteUses}`);
  if (!isWhole(expiresInMs, longestLifetimeMs))
    return invalid(
      "expiresInMs",
      "An invite lasts a whole number of milliseconds, 30 days at most",
    );
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

function isWhole(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= limit;
}

function invalid(field: string, message: string): Result<never> {
  const limit = field === "maxUses" ? maxInviteUses : longestLifetimeMs;
  return refuse(new AppError("VALIDATION_ERROR", message, { field, limit }));
}
