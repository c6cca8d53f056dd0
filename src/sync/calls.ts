import { createHash } from "node:crypto";
import type { Identity } from "../auth/identity.ts";
import type { Invoker } from "../runtime/call/invoke.ts";
import { errorMessage, type Failure, type Outcome } from "../runtime/call/outcome.ts";
import { parseFunctionPath } from "../runtime/functionPath.ts";
import { type ClientMessageOf, callFailed } from "./protocol.ts";

/** A function under a client's name, or why there can be none. */
export function nameOf({
  udfPath,
  componentPath,
}: {
  udfPath: string;
  componentPath?: string | null | undefined;
}): { readonly name: string } | { readonly problem: string } {
  const path = parseFunctionPath(udfPath);
  if (path.ok && !componentPath) return { name: path.name };
  const reason = path.ok ? "There are no components here." : path.reason;
  return { problem: `${udfPath} is not a valid path to a Convex function. ${reason}` };
}

export interface ClientCall {
  readonly kind: "mutation" | "action";
  readonly name: string;
  readonly message: ClientMessageOf<"Mutation" | "Action">;
  readonly sessionId: string;
  readonly identity: Identity;
  /** Length of the message, bytes. */
  readonly bytes: number;
  /** Aborts when the server gives up on what is still running. */
  readonly stopping: AbortSignal;
}

/** Carries out what a client asks for; a mutation once, however often it is asked for. */
export function invokeFor(invoker: Invoker, call: ClientCall): Promise<Outcome> {
  const { kind, name, message, sessionId, identity, bytes, stopping } = call;
  const { requestId } = message;
  return invoker.invoke({
    name,
    kind,
    args: message.args,
    argsBytes: bytes,
    format: "convex_encoded_json",
    identity,
    requestId: requestIdOf(call),
    ...(kind === "mutation" && { once: { sessionId, requestId } }),
    signal: () => stopping,
  });
}

/**
 * What a client is told of a call that failed.
 * @returns undefined where nothing may be said, because it may have been carried out: the client has to ask again over
 * another connection.
 */
export function failureText(call: ClientCall, failure: Failure): string | undefined {
  const { kind, message } = call;
  const type = kind === "mutation" ? "MutationResponse" : "ActionResponse";
  const id = requestIdOf(call);
  switch (failure.kind) {
    case "refused": {
      const data = failure.typed ? failure.data : undefined;
      return callFailed(type, message.requestId, errorMessage(id, failure), data);
    }
    case "broken":
      return callFailed(type, message.requestId, `[Request ID: ${id}] Server Error`);
    case "unavailable":
      return undefined;
  }
}

/** As Convex makes it, so that a repeat has the same. */
function requestIdOf({ sessionId, message }: ClientCall): string {
  const text = `${sessionId}|${message.requestId}`;
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
