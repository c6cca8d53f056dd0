import { describe, expect, it } from "vitest";
import { ConfigError, loadConfig, redactConfig } from "./config.ts";
import { options } from "./options.ts";

function problems(env: Record<string, string>): string {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("expected a ConfigError");
}

describe("loadConfig", () => {
  it("needs nothing: every option has a default or may be absent", () => {
    const config = loadConfig({});
    expect(config).toMatchObject({ port: 3210, host: "127.0.0.1", localPlan: "paid" });
    expect(Object.isFrozen(config)).toBe(true);
    expect(config.dataDir).toMatch(/^\/.*data$/);
  });

  it("wants address and model of a language model together", () => {
    const base = { CONNVO_LLM_BASE_URL: "http://127.0.0.1:11434/v1" };
    expect(problems(base)).toContain("CONNVO_LLM_BASE_URL and CONNVO_LLM_MODEL go together");
    const alone = problems({ CONNVO_LLM_API_KEY: "hunter2" });
    expect(alone).toContain("CONNVO_LLM_API_KEY needs CONNVO_LLM_BASE_URL");
    expect(alone).not.toContain("hunter2");
    const config = loadConfig({ ...base, CONNVO_LLM_MODEL: "tiny", CONNVO_LLM_API_KEY: "hunter2" });
    expect(config).toMatchObject({ llmModel: "tiny", llmTimeoutSeconds: 60 });
    expect(JSON.stringify(redactConfig(config))).not.toContain("hunter2");
  });

  it("takes an empty variable for an absent one", () => {
    expect(loadConfig({ PORT: "", DATABASE_URL: "" }).port).toBe(3210);
  });

  it("names every bad value and every unknown name at once", () => {
    const message = problems({ PORT: "eighty", CONNVO_LOCAL_PLAN: "gold", CONNVO_DATA_DRI: "x" });
    expect(message).toContain("PORT ");
    expect(message).toContain("CONNVO_LOCAL_PLAN ");
    expect(message).toContain("CONNVO_DATA_DRI is not an option; did you mean CONNVO_DATA_DIR?");
  });

  it.each([
    ["CONNVO_PUBLIC_URL", "https://admin:hunter2@meet.example.com"],
    ["CONNVO_PUBLIC_URL", "https://hunter2@meet.example.com"],
    ["CONNVO_OIDC_ISSUER", "https://admin:hunter2@id.example.com"],
    ["CONNVO_STREAM_BASE_URL", "https://admin:hunter2@stream.example.com"],
  ])("takes no credentials in %s, and does not repeat them", (name, value) => {
    const message = problems({ [name]: value });
    expect(message).toContain(`${name} must not contain a user name or password`);
    expect(message).not.toContain("hunter2");
  });

  it.each([
    "javascript:alert(1)",
    "https://x.example",
    "turn:",
    "turn:x y",
    "stun:x?transport=udp",
  ])("takes no ICE server at %s", (urls) => {
    for (const given of [urls, ["stun:stun.example", urls]]) {
      const message = problems({
        CONNVO_ICE_SERVERS: JSON.stringify([{ urls: given, credential: "hunter2" }]),
      });
      expect(message).toMatch(/^Configuration: CONNVO_ICE_SERVERS /);
      expect(message).not.toContain("hunter2");
    }
  });

  it("takes ICE servers as browsers do", () => {
    const urls = [
      "stun:stun.example:3478",
      "turns:[2001:db8::1]:443?transport=tcp",
      "turn:turn.example",
    ];
    const servers = [{ urls, username: "u", credential: "c" }, { urls: "stuns:stun.example" }];
    expect(loadConfig({ CONNVO_ICE_SERVERS: JSON.stringify(servers) }).iceServers).toEqual(servers);
  });

  it.each(["proxy.example", "10.0.0.0/33", "10.0.0.0/8;::1", "10.0.0.1/", "*"])(
    "takes no trusted proxy %s",
    (value) => {
      expect(problems({ CONNVO_TRUSTED_PROXIES: value })).toContain(
        "CONNVO_TRUSTED_PROXIES must be",
      );
    },
  );

  it.each([
    { STREAM_API_KEY: "k" },
    { CONNVO_OIDC_ISSUER: "https://id.example" },
    { CONNVO_DISK_FLOOR_BYTES: "3000000000" },
  ])("refuses settings that contradict each other: %j", (env) => {
    expect(problems(env)).toMatch(/needs|go together|must not exceed/);
  });

  it("needs the keys of a bucket, and the bucket of every other setting of the store", () => {
    expect(problems({ CONNVO_S3_BUCKET: "files", CONNVO_S3_ACCESS_KEY: "key" })).toBe(
      "Configuration: CONNVO_S3_BUCKET needs CONNVO_S3_ACCESS_KEY and CONNVO_S3_SECRET_KEY",
    );
    const alone = problems({ CONNVO_S3_SECRET_KEY: "s3cret", CONNVO_S3_PREFIX: "connvo" });
    expect(alone).toContain("CONNVO_S3_SECRET_KEY needs CONNVO_S3_BUCKET");
    expect(alone).toContain("CONNVO_S3_PREFIX needs CONNVO_S3_BUCKET");
    expect(alone).not.toContain("s3cret");
  });

  it.each([
    ["CONNVO_S3_BUCKET", "s3://files"],
    ["CONNVO_S3_BUCKET", "files/recordings"],
    ["CONNVO_S3_PREFIX", "/connvo"],
    ["CONNVO_S3_PREFIX", "connvo//files"],
    ["CONNVO_S3_PREFIX", "../connvo"],
    ["CONNVO_S3_ENDPOINT", "store.example"],
    ["CONNVO_S3_ENDPOINT", "https://admin:hunter2@store.example"],
  ])("takes no %s %s", (name, value) => {
    const message = problems({ [name]: value });
    expect(message).toContain(`Configuration: ${name} `);
    expect(message).not.toContain("hunter2");
  });

  it.each(["-1", "1.5", "a month", "36501", "free=30"])("keeps nothing for %s days", (value) => {
    for (const name of [
      "CONNVO_KEEP_RECORDINGS_DAYS",
      "CONNVO_KEEP_FREE_RECORDINGS_DAYS",
      "CONNVO_KEEP_PAID_RECORDINGS_DAYS",
      "CONNVO_KEEP_TRANSCRIPTS_DAYS",
    ])
      expect(problems({ [name]: value })).toContain(`Configuration: ${name} `);
  });

  it.each(["connvo", "connvo/", "a/b.c"])("ends the prefix %s with a slash", (value) => {
    const env = {
      CONNVO_S3_BUCKET: "files",
      CONNVO_S3_ACCESS_KEY: "key",
      CONNVO_S3_SECRET_KEY: "secret",
      CONNVO_S3_PREFIX: value,
    };
    expect(loadConfig(env).s3Prefix).toBe(value.endsWith("/") ? value : `${value}/`);
  });

  it.each([
    ["DATABASE_URL", "mysql://user:s3cret@host/db"],
    ["DATABASE_DIRECT_URL", "mysql://user:s3cret@host/db"],
    ["DATABASE_DIRECT_URL", "postgres://user:s3cret@host/db"],
    ["CONNVO_ADMIN_KEY", "s3cret"],
    ["CONNVO_ICE_SERVERS", '{"credential":"s3cret"'],
    ["CONNVO_ICE_SERVERS", '[{"credential":"s3cret"}]'],
  ])("never quotes what it refuses in %s", (name, value) => {
    expect(problems({ [name]: value })).not.toContain("s3cret");
  });

  it("reads ICE servers", () => {
    const urls = "turn:turn.example:3478";
    const value = JSON.stringify([{ urls, username: "u", credential: "c" }]);
    expect(loadConfig({ CONNVO_ICE_SERVERS: value }).iceServers).toEqual([
      { urls, username: "u", credential: "c" },
    ]);
  });
});

it("redactConfig hides every secret", () => {
  const shown = JSON.stringify(
    redactConfig(
      loadConfig({
        DATABASE_URL: "postgres://user:s3cret@host/db",
        DATABASE_DIRECT_URL: "postgres://user:s3cret@host/db",
        CONNVO_ADMIN_KEY: "s3cret-s3cret-s3cret",
        STREAM_API_KEY: "key",
        STREAM_API_SECRET: "s3cret",
        CONNVO_ICE_SERVERS: '[{"urls":"turn:x","credential":"s3cret"}]',
        CONNVO_S3_BUCKET: "files",
        CONNVO_S3_ACCESS_KEY: "s3cret",
        CONNVO_S3_SECRET_KEY: "s3cret",
      }),
    ),
  );
  expect(shown).not.toContain("s3cret");
});

it("every option has a distinct variable and says what it is for", () => {
  const all = Object.values(options);
  expect(new Set(all.map((option) => option.env)).size).toBe(all.length);
  for (const { doc, env } of all) {
    expect(doc.length, env).toBeGreaterThan(20);
    expect(env).toMatch(
      /^(PORT|HOST|DATABASE_(DIRECT_)?URL|STREAM_API_(KEY|SECRET)|WORKOS_CLIENT_ID|CONNVO_[A-Z0-9_]+)$/,
    );
  }
});
