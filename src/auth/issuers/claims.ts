import type { JWTPayload } from "jose";
import { cleanDisplayText, displayProblem } from "../../core/text/displayText.ts";

const maxEmailLength = 320;
const maxNameLength = 200;
const maxUrlLength = 2048;
/** Subjects, organisations and roles; OpenID Connect allows a subject no more. */
export const maxIdLength = 255;

/** A claim as stored text: a non-empty string within `limit`, without control characters; else undefined. */
export function textClaim(claims: JWTPayload, name: string, limit: number): string | undefined {
  const value = claims[name];
  if (typeof value !== "string" || value.length > limit) return undefined;
  const trimmed = value.trim();
  return trimmed === "" || /\p{Cc}|\p{Cs}/u.test(trimmed) ? undefined : trimmed;
}

/** The person's address, unless the issuer says that it has not been verified. */
export function emailClaim(claims: JWTPayload): string | undefined {
  if ([false, "false"].includes(claims["email_verified"] as boolean | string)) return undefined;
  const email = textClaim(claims, "email", maxEmailLength);
  return email === undefined || displayProblem(email) !== undefined ? undefined : email;
}

/** Whether the issuer vouches for that address. Some write the claim as text. */
export function emailVerifiedClaim(claims: JWTPayload): true | undefined {
  const said = claims["email_verified"];
  const verified = emailClaim(claims) !== undefined && (said === true || said === "true");
  return verified || undefined;
}

/** The full name, or one made of its parts, without what nobody sees. */
export function nameClaim(claims: JWTPayload): string | undefined {
  const shown = (name: string) => {
    const text = textClaim(claims, name, maxNameLength);
    return text === undefined ? undefined : cleanDisplayText(text);
  };
  const whole = shown("name");
  if (whole !== undefined) return whole;
  const first = shown("given_name");
  const last = shown("family_name");
  return [first, last].filter((part) => part !== undefined).join(" ") || undefined;
}

/** An http(s) address of the person's picture: it ends up in `src` attributes. */
export function pictureClaim(claims: JWTPayload): string | undefined {
  const url = textClaim(claims, "picture", maxUrlLength);
  return url !== undefined && /^https?:\/\//i.test(url) && URL.canParse(url) ? url : undefined;
}

/** Leaves out what is undefined, so that an absent claim is an absent property. */
export function present<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
