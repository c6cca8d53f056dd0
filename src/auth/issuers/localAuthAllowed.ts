import { isIPv4, isIPv6 } from "node:net";
import { AppError } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";

/** The settings this decision rests on; a `Config` has them all. */
export interface LocalAuthSettings {
  host: string;
  publicUrl?: string | undefined;
  localAuth: "auto" | "on" | "off";
  localAuthAnywhere: boolean;
  workosClientId?: string | undefined;
  oidcIssuer?: string | undefined;
}

/**
 * Whether the built-in issuer runs. It believes whoever asks, so beyond loopback it is refused
 * (VALIDATION_ERROR, `metadata.setting`) unless the operator has said that this is meant.
 */
export function localAuthAllowed(settings: LocalAuthSettings): Result<boolean> {
  if (!isWanted(settings)) return ok(false);
  if (settings.localAuthAnywhere) return ok(true);
  if (!isLoopbackName(settings.host)) return refuseBeyond("HOST", settings.host);
  const { publicUrl } = settings;
  if (publicUrl !== undefined && !isLoopbackName(new URL(publicUrl).hostname)) {
    return refuseBeyond("CONNVO_PUBLIC_URL", publicUrl);
  }
  return ok(true);
}

/** A name or address that means this machine, as in `HOST` or (with brackets) in a URL. */
export function isLoopbackName(name: string): boolean {
  const bare = name.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (isIPv4(bare)) return bare.startsWith("127.");
  if (isIPv6(bare)) return isLoopbackIPv6(bare);
  return bare === "localhost" || bare === "localhost.";
}

function isLoopbackIPv6(address: string): boolean {
  const mapped = /^::ffff:(.*)$/.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped.startsWith("127.");
  return URL.canParse(`http://[${address}]`) && new URL(`http://[${address}]`).hostname === "[::1]";
}

function isWanted({ localAuth, workosClientId, oidcIssuer }: LocalAuthSettings): boolean {
  if (localAuth !== "auto") return localAuth === "on";
  return workosClientId === undefined && oidcIssuer === undefined;
}

function refuseBeyond(setting: string, value: string): Result<never> {
  return refuse(
    new AppError(
      "VALIDATION_ERROR",
      `The built-in sign-in lets anybody who reaches it in under any name, and ${setting} is ${value}. ` +
        "Configure WORKOS_CLIENT_ID or CONNVO_OIDC_ISSUER, or set CONNVO_LOCAL_AUTH=off, " +
        "or CONNVO_LOCAL_AUTH_ANYWHERE=1 if that is meant.",
      { setting },
    ),
  );
}
