import { describe, expect, it } from "vitest";
import { isLoopbackName, type LocalAuthSettings, localAuthAllowed } from "./localAuthAllowed.ts";

const settings = (changes: Partial<LocalAuthSettings> = {}): LocalAuthSettings => ({
  host: "127.0.0.1",
  localAuth: "auto",
  localAuthAnywhere: false,
  ...changes,
});

describe("the built-in issuer", () => {
  it.each<[string, Partial<LocalAuthSettings>, boolean]>([
    ["runs while no other is configured", {}, true],
    ["makes way for WorkOS", { workosClientId: "client_1" }, false],
    ["makes way for another issuer", { oidcIssuer: "https://accounts.test" }, false],
    ["runs beside another when told", { workosClientId: "client_1", localAuth: "on" }, true],
    ["does not run when switched off", { localAuth: "off" }, false],
    ["does not stop a server at large that has none", { host: "0.0.0.0", localAuth: "off" }, false],
    ["runs under a local public URL", { publicUrl: "http://localhost:8080" }, true],
    ["runs anywhere when that is meant", { host: "0.0.0.0", localAuthAnywhere: true }, true],
  ])("%s", (_what, changes, value) => {
    expect(localAuthAllowed(settings(changes))).toEqual({ ok: true, value });
  });

  it.each<[string, Partial<LocalAuthSettings>, string]>([
    ["on all addresses", { host: "0.0.0.0" }, "HOST"],
    ["on all addresses of IPv6", { host: "::" }, "HOST"],
    ["on a private network", { host: "192.168.1.20" }, "HOST"],
    ["under a name", { host: "meet.example.com" }, "HOST"],
    ["behind a public URL", { publicUrl: "https://meet.example.com" }, "CONNVO_PUBLIC_URL"],
    ["at large beside another issuer", { host: "0.0.0.0", localAuth: "on" }, "HOST"],
  ])("refuses to run %s", (_what, changes, setting) => {
    const result = localAuthAllowed(settings(changes));
    expect(result).toMatchObject({ ok: false, error: { metadata: { setting } } });
    if (!result.ok) expect(result.error.message).toContain("CONNVO_LOCAL_AUTH_ANYWHERE=1");
  });
});

it.each([
  "localhost",
  "LOCALHOST",
  "localhost.",
  "127.0.0.1",
  "127.8.9.10",
  "::1",
  "[::1]",
  "0:0:0:0:0:0:0:1",
  "::ffff:127.0.0.1",
])("%s is this machine", (name) => {
  expect(isLoopbackName(name)).toBe(true);
});

it.each([
  "",
  "0.0.0.0",
  "128.0.0.1",
  "127.0.0.1.evil.test",
  "localhost.evil.test",
  "evil.localhost.test",
  "::",
  "::ffff:10.0.0.1",
  "fe80::1",
])("%j is not this machine", (name) => {
  expect(isLoopbackName(name)).toBe(false);
});
