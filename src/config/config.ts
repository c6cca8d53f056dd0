import path from "node:path";
import type { z } from "zod";
import type { Option } from "./option.ts";
import { type OptionName, options } from "./options.ts";

type Parsed = { [K in OptionName]: z.infer<(typeof options)[K]["type"]> };

/** All settings, validated, absolute and frozen. */
export type Config = Readonly<Parsed>;

/** A setting that cannot be used; the message names the variable and what it must be, never a secret's value. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Configuration: ${problems.join("; ")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

const table: ReadonlyMap<OptionName, Option> = new Map(
  Object.entries(options) as [OptionName, Option][],
);

/**
 * Reads the settings from environment variables.
 * @throws ConfigError naming every bad value and every unknown `CONNVO_` name at once.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems = unknownNames(env);
  const parsed = new Map<OptionName, unknown>();
  for (const [name, option] of table) {
    const raw = env[option.env] || option.default;
    const result = option.type.safeParse(raw);
    if (result.success) parsed.set(name, result.data);
    else problems.push(`${option.env} ${describe(result.error)}`);
  }
  const config = Object.fromEntries(parsed) as Parsed;
  if (problems.length === 0) problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({ ...config, dataDir: path.resolve(config.dataDir) });
}

/** The settings as they may be shown: secrets replaced. */
export function redactConfig(config: Config): Record<string, unknown> {
  const shown = [...table].map(([name, option]) => {
    const value = config[name];
    return [option.env, option.secret && value !== undefined ? "[redacted]" : value] as const;
  });
  return Object.fromEntries(shown);
}

/** Names of the settings that nobody may read. */
export const secretOptions: readonly OptionName[] = [...table]
  .filter(([, { secret }]) => secret)
  .map(([name]) => name);

function describe(error: z.ZodError): string {
  return error.issues.map((issue) => issue.message.toLowerCase()).join(", ");
}

function contradictions(config: Parsed): string[] {
  const problems: string[] = [];
  if (config.oidcIssuer && !config.oidcAudience)
    problems.push("CONNVO_OIDC_ISSUER needs CONNVO_OIDC_AUDIENCE");
  if (Boolean(config.streamApiKey) !== Boolean(config.streamApiSecret))
    problems.push("STREAM_API_KEY and STREAM_API_SECRET go together");
  if (Boolean(config.tlsCert) !== Boolean(config.tlsKey))
    problems.push("CONNVO_TLS_CERT and CONNVO_TLS_KEY go together");
  if (Boolean(config.turnUrls) !== Boolean(config.turnSecret))
    problems.push("CONNVO_TURN_URLS and CONNVO_TURN_SECRET go together");
  if (config.databaseDirectUrl && !config.databaseUrl)
    problems.push("DATABASE_DIRECT_URL needs DATABASE_URL");
  problems.push(...modelContradictions(config));
  problems.push(...storeContradictions(config));
  if (config.diskFloorBytes > config.diskReserveBytes)
    problems.push("CONNVO_DISK_FLOOR_BYTES must not exceed CONNVO_DISK_RESERVE_BYTES");
  return problems;
}

function modelContradictions(config: Parsed): string[] {
  const models = [
    ["LLM", config.llmBaseUrl, config.llmModel, config.llmApiKey],
    [
      "TRANSCRIPTION",
      config.transcriptionBaseUrl,
      config.transcriptionModel,
      config.transcriptionApiKey,
    ],
    ["EMBEDDINGS", config.embeddingsBaseUrl, config.embeddingsModel, config.embeddingsApiKey],
  ] as const;
  return models.flatMap(([name, baseUrl, model, apiKey]) => [
    ...(Boolean(baseUrl) === Boolean(model)
      ? []
      : [`CONNVO_${name}_BASE_URL and CONNVO_${name}_MODEL go together`]),
    ...(apiKey && !baseUrl ? [`CONNVO_${name}_API_KEY needs CONNVO_${name}_BASE_URL`] : []),
  ]);
}

function storeContradictions(config: Parsed): string[] {
  const names = {
    CONNVO_S3_ENDPOINT: config.s3Endpoint,
    CONNVO_S3_ACCESS_KEY: config.s3AccessKey,
    CONNVO_S3_SECRET_KEY: config.s3SecretKey,
    CONNVO_S3_PREFIX: config.s3Prefix,
    CONNVO_S3_FORCE_PATH_STYLE: config.s3ForcePathStyle,
  };
  if (config.s3Bucket === undefined)
    return Object.entries(names)
      .filter(([, value]) => value !== undefined)
      .map(([name]) => `${name} needs CONNVO_S3_BUCKET`);
  if (config.s3AccessKey === undefined || config.s3SecretKey === undefined)
    return ["CONNVO_S3_BUCKET needs CONNVO_S3_ACCESS_KEY and CONNVO_S3_SECRET_KEY"];
  return [];
}

function unknownNames(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = [...table.values()].map((option) => option.env);
  return Object.keys(env)
    .filter((name) => name.startsWith("CONNVO_") && !known.includes(name))
    .map((name) => `${name} is not an option; did you mean ${nearest(name, known)}?`);
}

function nearest(name: string, known: readonly string[]): string {
  const byDistance = known.map((candidate) => ({
    candidate,
    distance: editDistance(name, candidate),
  }));
  byDistance.sort((a, b) => a.distance - b.distance);
  return byDistance[0]?.candidate ?? name;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substitution));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
