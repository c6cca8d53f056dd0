import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import type { Clock } from "../../src/core/clock.ts";

/** A clock that stands still until told. */
export function manualClock(start = Date.UTC(2026, 0, 1)): Clock & { advance(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    sleep: () => Promise.resolve(),
    advance: (ms) => {
      now += ms;
    },
  };
}

/** An issuer with a key pair of its own, made once per test file: RSA keys take time. */
export async function fakeIssuer(kid: string, alg: "RS256" | "ES256" = "RS256") {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: "sig" };
  return {
    privateKey,
    publicKey,
    jwk,
    sign: (claims: JWTPayload, header: object = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey),
  };
}

export type FakeIssuer = Awaited<ReturnType<typeof fakeIssuer>>;

/** `fetch` answering from a table of addresses; counts the calls, and fails like a lost network where told. */
export function fakeFetch(pages: Record<string, unknown>) {
  const calls: string[] = [];
  const fetch = async (input: string | URL | Request): Promise<Response> => {
    const url = String(input);
    calls.push(url);
    const page = pages[url];
    if (page instanceof Error) throw page;
    if (page instanceof Response) return page.clone();
    return page === undefined ? new Response("", { status: 404 }) : Response.json(page);
  };
  return { fetch: fetch as typeof globalThis.fetch, calls, pages };
}
