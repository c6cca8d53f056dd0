import { ConvexError } from "convex/values";
import { WhipError } from "../../synth/transport/whipError.ts";

/** What the user is told when the demo cannot go on; everything else is a fault of the demo. */
export class DemoError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "DemoError";
  }
}

/** One paragraph for the user. */
export function explain(error: unknown): string {
  if (error instanceof ConvexError) return refusal(error.data);
  if (error instanceof WhipError) return `Publishing failed: ${error.message}`;
  if (error instanceof DemoError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function refusal(data: unknown): string {
  if (typeof data !== "object" || data === null) return `The server refused: ${String(data)}`;
  const { code, message, metadata } = data as {
    code?: unknown;
    message?: unknown;
    metadata?: unknown;
  };
  const facts = metadata === undefined ? "" : ` ${JSON.stringify(metadata)}`;
  return `The server refused with ${String(code)}: ${String(message)}${facts}`;
}

/** The code of a refusal, undefined for any other failure. */
export function refusalCode(error: unknown): string | undefined {
  if (!(error instanceof ConvexError)) return undefined;
  const { code } = (error.data ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}
