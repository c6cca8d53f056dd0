import { AppError, type ErrorMetadata } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import type { SessionMetadata } from "./peer.ts";

/** Windows of one person in one meeting; the one that was silent longest gives way to another. */
export const maxOpenSessions = 4;

const maxMetadataFields = 16;
const maxMetadataLength = 2_048;
const maxDetailsLength = 1_000;

/** Whether a client may keep that with its session. Refusals are VALIDATION_ERROR. */
export function checkMetadata(metadata: SessionMetadata): Result<SessionMetadata> {
  if (Object.keys(metadata).length > maxMetadataFields) {
    const message = `metadata may have ${maxMetadataFields} fields at most`;
    return invalid("metadata", message, { limit: maxMetadataFields });
  }
  const text = JSON.stringify(metadata);
  if (text.length > maxMetadataLength) {
    const message = `metadata may have ${maxMetadataLength} characters of JSON at most`;
    return invalid("metadata", message, { limit: maxMetadataLength });
  }
  return ok(metadata);
}

/** Whether a client may explain its failure so. Refusals are VALIDATION_ERROR. */
export function checkDetails(errorDetails: string | undefined): Result<string | null> {
  if (errorDetails === undefined) return ok(null);
  if (errorDetails.length > maxDetailsLength) {
    const message = `errorDetails may have ${maxDetailsLength} characters at most`;
    return invalid("errorDetails", message, { limit: maxDetailsLength });
  }
  return ok(errorDetails);
}

export function invalid(
  field: string,
  message: string,
  metadata: ErrorMetadata = {},
): Result<never> {
  return refuse(new AppError("VALIDATION_ERROR", message, { field, ...metadata }));
}
