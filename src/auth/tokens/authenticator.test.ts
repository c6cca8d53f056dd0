import fc from "fast-check";
import { exportSPKI, type JWTPayload, SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type FakeIssuer,
  fakeFetch,
  fakeIssuer,
  manualClock,
} from "../../../test/support/fakeIssuer.ts";
import { silentLog } from "../../core/log.ts";
import { AuthError } from "../authError.ts";
import type { Issuer } from "../issuers/issuer.ts";
import { type Authenticator, createAuthenticator } from "./authenticator.ts";

const jwksUrl = "https://issuer.test/jwks";
const adminKey = "an administration key";

let ours: FakeIssuer;
let other: FakeIssuer;
let second: FakeIssuer;
let clock: ReturnType<typeof manualClock>;
let web: ReturnType<typeof fakeFetch>;
let authenticator: Authenticator;

beforeAll(async () => {
  [ours, other, second] = await Promise.all([
    fakeIssuer("key-1"),
    fakeIssuer("key-1"),
    fakeIssuer("key-2", "ES256"),
  ]);
});

const issuer = (changes: Partial<Issuer> = {}): Issuer => ({
  name: "https://issuer.test/",
  audience: "connvo-api",
  algorithm: "RS256",
  keys: { from: "url", url: jwksUrl },
  describe: () => ({}),
  ...changes,
});

const authenticatorOf = (issuers: Issuer[]) =>
  createAuthenticator({ issuers, adminKey, clock, log: silentLog, fetch: web.fetch });

beforeEach(() => {
  clock = manualClock();
  web = fakeFetch({ [jwksUrl]: { keys: [ours.jwk] } });
  authenticator = authenticatorOf([
    issuer(),
    issuer({
      name: "https://second.test",
      algorithm: "ES256",
      keys: { from: "memory", jwks: { keys: [second.jwk] } },
    }),
  ]);
});

const seconds = () => clock.now() / 1000;

const claims = (changes: JWTPayload = {}): JWTPayload => ({
  iss: "https://issuer.test/",
  aud: "connvo-api",
  sub: "user_1",
  iat: seconds(),
  exp: seconds() + 300,
  ...changes,
});

const without = (name: string): JWTPayload => {
  const { [name]: _gone, ...rest } = claims();
  return rest;
};

const bearer = (token: string) => authenticator.authenticate(`Bearer ${token}`);

const failure = async (attempt: Promise<unknown>): Promise<AuthError> => {
  const error = await attempt.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(AuthError);
  return error as AuthError;
};

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("no credentials and malformed headers", () => {
  it("takes a request without header for nobody", async () => {
    expect(await authenticator.authenticate(undefined)).toEqual({ kind: "anonymous" });
  });

  it.each([
    ["", "InvalidHeaderFailure"],
    ["Bearer", "InvalidHeaderFailure"],
    ["Basic dXNlcjpwYXNz", "InvalidAdminKey"],
    ["Bearer\ttoken", "InvalidAdminKey"],
    ["Convex-key", "InvalidAdminKey"],
  ])("answers 400 to %j", async (header, code) => {
    expect(await failure(authenticator.authenticate(header))).toMatchObject({
      httpStatus: 400,
      code,
    });
  });
});

describe("the administration key", () => {
  it.each([adminKey, `connvo|${adminKey}`, `dev:happy-animal-1|${adminKey}`])(
    "is accepted as %s",
    async (given) => {
      expect(await authenticator.authenticate(`Convex ${given}`)).toEqual({ kind: "admin" });
    },
  );

  it.each(["", "wrong", adminKey.slice(1), `${adminKey}x`, `${adminKey}|x`, "connvo|"])(
    "is refused as %j",
    async (given) => {
      expect(await failure(authenticator.authenticate(`Convex ${given}`))).toMatchObject({
        httpStatus: 401,
        code: "BadAdminKey",
      });
    },
  );

  it("is not accepted as a bearer token", async () => {
    expect((await failure(bearer(adminKey))).httpStatus).toBe(401);
  });
});

describe("a good token", () => {
  it("proves its user", async () => {
    expect(await bearer(await ours.sign(claims()))).toEqual({
      kind: "user",
      issuer: "https://issuer.test/",
      subject: "user_1",
    });
  });

  it.each(["BEARER ", "bearer "])("is read after %j", async (scheme) => {
    const token = await ours.sign(claims());
    expect(await authenticator.authenticate(scheme + token)).toMatchObject({ kind: "user" });
  });

  it.each(["https://issuer.test", "https://issuer.test/", "issuer.test"])(
    "may spell its issuer %s, which is kept as spelled",
    async (iss) => {
      expect(await bearer(await ours.sign(claims({ iss })))).toMatchObject({ issuer: iss });
    },
  );

  it("may have further audiences", async () => {
    const token = await ours.sign(claims({ aud: ["elsewhere", "connvo-api"] }));
    expect(await bearer(token)).toMatchObject({ subject: "user_1" });
  });

  it("may come from any configured issuer", async () => {
    const token = await second.sign(claims({ iss: "https://second.test" }));
    expect(await bearer(token)).toMatchObject({ issuer: "https://second.test" });
  });
});

describe("a token for somebody else", () => {
  it.each<[string, JWTPayload]>([
    ["another issuer", { iss: "https://evil.test" }],
    ["an issuer whose name begins like ours", { iss: "https://issuer.test.evil.test" }],
    ["ours with a path", { iss: "https://issuer.test/tenant" }],
    ["ours with two slashes", { iss: "https://issuer.test//" }],
    ["ours over http", { iss: "http://issuer.test" }],
    ["another audience", { aud: "connvo-room" }],
    ["an audience that begins like ours", { aud: "connvo-api2" }],
    ["only other audiences", { aud: ["a", "b"] }],
    ["no audience", { aud: [] }],
  ])("is refused with %s", async (_what, changes) => {
    const refused = await failure(bearer(await ours.sign(claims(changes))));
    expect(refused).toMatchObject({ httpStatus: 401, code: "NoAuthProvider" });
    expect(web.calls).toEqual([]);
  });

  it("is refused without audience claim", async () => {
    expect((await failure(bearer(await ours.sign(without("aud"))))).code).toBe("NoAuthProvider");
  });

  it("is refused without issuer, and says so", async () => {
    const refused = await failure(bearer(await ours.sign(without("iss"))));
    expect(refused).toMatchObject({ httpStatus: 401, code: "InvalidAuthHeader" });
    expect(refused.message).toContain("Missing issuer claim");
  });

  it("is refused when no issuer is configured", async () => {
    authenticator = authenticatorOf([]);
    const refused = await failure(bearer(await ours.sign(claims())));
    expect(refused.message).toContain("no providers configured");
  });
});

describe("a forged token", () => {
  const expectForged = async (token: string) => {
    const refused = await failure(bearer(token));
    expect(refused).toMatchObject({ httpStatus: 401, code: "InvalidAuthHeader", blame: "caller" });
    expect(refused.message).toMatch(/^Could not (decode token|parse JWT)/);
  };

  it("is refused with another key of the same id", async () => {
    await expectForged(await other.sign(claims()));
  });

  it("is refused with the key of another configured issuer", async () => {
    await expectForged(await second.sign(claims()));
    const crossed = await ours.sign(claims({ iss: "https://second.test" }));
    await expectForged(crossed);
  });

  it("is refused when its claims were altered", async () => {
    const [header, , signature] = (await ours.sign(claims())).split(".");
    await expectForged([header, part(claims({ sub: "admin" })), signature].join("."));
  });

  it("is refused without signature", async () => {
    const [header, payload] = (await ours.sign(claims())).split(".");
    await expectForged(`${header}.${payload}.`);
  });

  it.each(["none", "None", "NONE", "nOnE", ""])("is refused with algorithm %j", async (alg) => {
    await expectForged(`${part({ alg, kid: "key-1" })}.${part(claims())}.`);
  });

  it.each(["RS384", "RS512", "PS256"])("is refused with our key under %s", async (alg) => {
    const [, payload, signature] = (await ours.sign(claims())).split(".");
    await expectForged([part({ alg, kid: "key-1" }), payload, signature].join("."));
  });

  it("is refused when signed by HMAC with the public key as secret", async () => {
    const secrets = [
      await exportSPKI(ours.publicKey),
      (await exportSPKI(ours.publicKey)).trim(),
      JSON.stringify(ours.jwk),
      String(ours.jwk.n),
    ];
    for (const secret of secrets) {
      const token = await new SignJWT(claims())
        .setProtectedHeader({ alg: "HS256", kid: "key-1" })
        .sign(new TextEncoder().encode(secret));
      await expectForged(token);
    }
  });

  it("is refused by HMAC even when the issuer publishes a secret key", async () => {
    const secret = new Uint8Array(32).fill(7);
    const k = Buffer.from(secret).toString("base64url");
    web.pages[jwksUrl] = { keys: [{ kty: "oct", k, kid: "key-1", alg: "HS256" }] };
    const token = new SignJWT(claims()).setProtectedHeader({ alg: "HS256", kid: "key-1" });
    await expectForged(await token.sign(secret));
  });

  it("is refused by a key that is published for encryption", async () => {
    web.pages[jwksUrl] = { keys: [{ ...ours.jwk, use: "enc" }] };
    await expectForged(await ours.sign(claims()));
  });

  it.each(["jku", "x5u"])("never has its %s header fetched", async (name) => {
    const url = "https://evil.test/jwks";
    web.pages[url] = { keys: [other.jwk] };
    await expectForged(await other.sign(claims(), { [name]: url }));
    expect(web.calls).toEqual([jwksUrl]);
  });

  it("never has the key in its own header believed", async () => {
    await expectForged(await other.sign(claims(), { jwk: other.jwk }));
    await expectForged(await other.sign(claims(), { jwk: other.jwk, kid: "unknown" }));
  });

  it("is refused with a critical header nobody understands", async () => {
    const header = part({ alg: "RS256", kid: "key-1", crit: ["mystery"], mystery: 1 });
    const [, payload, signature] = (await ours.sign(claims())).split(".");
    await expectForged(`${header}.${payload}.${signature}`);
  });

  it("is refused with an unknown key id, which it names", async () => {
    const refused = await failure(bearer(await ours.sign(claims(), { kid: "key-9" })));
    expect(refused.message).toContain("'key-9'");
  });

  it.each([undefined, 7, null])("is refused with %j for a key id", async (kid) => {
    const [, payload, signature] = (await ours.sign(claims())).split(".");
    await expectForged([part({ alg: "RS256", kid }), payload, signature].join("."));
  });
});

describe("garbage", () => {
  it.each([
    ["a word", "garbage"],
    ["two parts", "a.b"],
    ["four parts", "a.b.c.d"],
    ["an encrypted token's five parts", "a.b.c.d.e"],
    ["dots", ".."],
    ["no base64", "!!.!!.!!"],
    ["a list for a header", `${part([])}.${part({})}.x`],
    ["a list for claims", `${part({ alg: "RS256" })}.${part([])}.x`],
    ["a number for claims", `${part({ alg: "RS256" })}.${part(1)}.x`],
    ["an object for an issuer", `${part({ alg: "RS256" })}.${part({ iss: {} })}.x`],
    ["nothing", ""],
  ])("is refused: %s", async (_what, token) => {
    expect(await failure(bearer(`${token} `))).toMatchObject({
      httpStatus: 401,
      code: "InvalidAuthHeader",
    });
  });

  it("is refused wherever a good token is damaged, and never breaks us", async () => {
    const token = await ours.sign(claims());
    // The last character's low bits are padding: changing them alone leaves the signature as it is.
    const place = fc.integer({ min: 0, max: token.length - 2 });
    const character = fc.constantFrom(..."abcXYZ019-_.=\u00e9\u0000");
    const damaged = fc.tuple(place, character).map(([at, by]) => {
      return token.slice(0, at) + by + token.slice(at + 1);
    });
    await fc.assert(
      fc.asyncProperty(damaged, async (given) => {
        if (given !== token) expect((await failure(bearer(given))).httpStatus).toBe(401);
      }),
      { numRuns: 500 },
    );
  });

  it("is refused when it is larger than any token", async () => {
    const token = await ours.sign(claims({ padding: "x".repeat(20_000) }));
    expect((await failure(bearer(token))).message).toContain("Could not parse");
  });

  it("is refused with an unusable subject", async () => {
    for (const sub of ["", " ", "a\u0000b", "x".repeat(256), "padded "]) {
      expect((await failure(bearer(await ours.sign(claims({ sub }))))).httpStatus).toBe(401);
    }
  });
});

describe("time", () => {
  const verdict = async (changes: JWTPayload) =>
    bearer(await ours.sign(claims(changes))).then(
      () => "accepted",
      (error: AuthError) => error.message,
    );

  it("accepts expiry up to 5 s ago", async () => {
    expect(await verdict({ exp: seconds() - 4 })).toBe("accepted");
    expect(await verdict({ exp: seconds() - 6 })).toMatch(/Token expired 6 seconds ago/);
  });

  it("accepts a start up to 5 s ahead", async () => {
    expect(await verdict({ nbf: seconds() + 5 })).toBe("accepted");
    expect(await verdict({ nbf: seconds() + 6 })).toMatch(/Token will be valid in 6 seconds/);
  });

  it("accepts being issued up to 5 s ahead", async () => {
    expect(await verdict({ iat: seconds() + 5 })).toBe("accepted");
    expect(await verdict({ iat: seconds() + 60 })).toMatch(/Token will be valid in 60 seconds/);
  });

  it.each(["exp", "sub"])("refuses a token without %s", async (name) => {
    const refused = await failure(bearer(await ours.sign(without(name))));
    expect(refused.message).toContain("Could not verify token claim");
  });

  it.each(["exp", "nbf", "iat"])("refuses a token whose %s is no number", async (name) => {
    const token = await ours.sign({ ...claims(), [name]: "soon" } as JWTPayload);
    expect((await failure(bearer(token))).message).toContain("Could not verify token claim");
  });
});

describe("a token seen before", () => {
  it("is not accepted after its expiry", async () => {
    const token = await ours.sign(claims({ exp: seconds() + 60 }));
    await bearer(token);
    clock.advance(64_000);
    expect(await bearer(token)).toMatchObject({ kind: "user" });
    clock.advance(2_000);
    expect((await failure(bearer(token))).message).toContain("expired");
  });

  it("is not accepted once its key has been withdrawn", async () => {
    const token = await ours.sign(claims({ exp: seconds() + 7200 }));
    await bearer(token);
    web.pages[jwksUrl] = { keys: [{ ...other.jwk, kid: "key-3" }] };
    clock.advance(9 * 60_000);
    expect(await bearer(token)).toMatchObject({ kind: "user" });
    clock.advance(61_000);
    await failure(bearer(token));
  });

  it("is checked again as soon as the keys are known to have changed", async () => {
    const token = await ours.sign(claims({ exp: seconds() + 7200 }));
    await bearer(token);
    web.pages[jwksUrl] = { keys: [{ ...other.jwk, kid: "key-3" }] };
    clock.advance(31_000);
    await bearer(await other.sign(claims(), { kid: "key-3" }));
    await failure(bearer(token));
  });
});
