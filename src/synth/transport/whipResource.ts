import { refusalOf, WhipError } from "./whipError.ts";

/** A publish session as the server knows it (RFC 9725). */
export interface WhipResource {
  /** SDP answer. */
  answer: string;
  /** Ends the session at the server. Failures are of no consequence: the server notices the silence too. */
  delete(): Promise<void>;
}

export interface WhipRequest {
  url: string;
  token: string;
  offer: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** Posts an SDP offer. @throws WhipError `refused` or `unreachable` */
export async function createWhipResource(request: WhipRequest): Promise<WhipResource> {
  const { url, token, offer, timeoutMs, signal } = request;
  const authorization = `Bearer ${token}`;
  const limits = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization, "content-type": "application/sdp" },
    body: offer,
    redirect: "error",
    signal: AbortSignal.any(limits),
  }).catch((cause: unknown) => {
    throw new WhipError("unreachable", `no answer from ${new URL(url).host}`, { cause });
  });
  if (response.status !== 201) throw await refusalOf(response);
  const location = sessionAddress(response, url);
  const answer = await response.text();
  return { answer, delete: () => deleteSession(location, authorization, timeoutMs) };
}

/** The token goes only to the server it is meant for. */
function sessionAddress(response: Response, url: string): URL {
  const location = new URL(response.headers.get("location") ?? "", url);
  if (response.headers.has("location") && location.origin === new URL(url).origin) return location;
  throw new WhipError("unreachable", "the answer names no session on this server");
}

async function deleteSession(location: URL, authorization: string, ms: number): Promise<void> {
  const signal = AbortSignal.timeout(ms);
  const request = { method: "DELETE", headers: { authorization }, signal };
  await fetch(location, request).then(
    (response) => response.arrayBuffer(),
    () => undefined,
  );
}
