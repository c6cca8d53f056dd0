import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";

const maxUrlLength = 2_048;

/**
 * Decides about the address of an endpoint: https at port 443 without credentials, or an origin that the operator has
 * named. Whether it leads to a public address shows when it is connected to. Refusals are VALIDATION_ERROR with `field`.
 */
export function endpointUrl(value: string, operatorOrigins: readonly string[]): Result<URL> {
  if (value.length > maxUrlLength)
    return invalid(`may have ${maxUrlLength} characters at most`, { limit: maxUrlLength });
  // Control characters and spaces, which the parser would drop or encode, would make it another address than was shown.
  if (/[\s\p{Cc}]/u.test(value) || !URL.canParse(value))
    return invalid("must be an address such as https://example.org/hooks");
  const url = new URL(value);
  if (url.username !== "" || url.password !== "")
    return invalid("must not contain a user name or password; check the signature instead");
  if (operatorOrigins.includes(url.origin)) return ok(url);
  if (url.protocol !== "https:") return invalid("must begin with https://");
  return url.port === "" ? ok(url) : invalid("must be at port 443, the one of https");
}

function invalid(what: string, more: { limit?: number } = {}): Result<never> {
  return refuse(new AppError("VALIDATION_ERROR", `The url ${what}`, { field: "url", ...more }));
}
