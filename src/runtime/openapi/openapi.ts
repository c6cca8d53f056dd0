import type { FunctionDefinition } from "../builders.ts";
import type { RegisteredFunction, Registry } from "../registry.ts";
import { type Tag, tagDescriptions, tagOf } from "../tags.ts";
import { argumentSchema, resultSchema, type Schema } from "./openapiSchema.ts";

/** Version of the API, not of the server: what the published page states. */
export const apiVersion = "1.0.0";

type SecurityRequirement = Record<string, readonly string[]>;

interface Content {
  readonly "application/json": { readonly schema: object; readonly example?: unknown };
}

interface Operation {
  readonly tags: readonly Tag[];
  readonly summary: string;
  readonly description: string;
  readonly operationId: string;
  readonly requestBody: { readonly required: true; readonly content: Content };
  readonly responses: Record<string, { readonly description: string; readonly content: Content }>;
  readonly security: readonly SecurityRequirement[];
}

/** An OpenAPI 3.0.3 document. */
export interface OpenApiDocument {
  readonly openapi: "3.0.3";
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly url: string };
  };
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly security: readonly SecurityRequirement[];
  readonly tags: readonly { readonly name: Tag; readonly description: string }[];
  readonly paths: Record<string, { readonly post: Operation }>;
  readonly components: {
    readonly schemas: Record<string, Schema>;
    readonly securitySchemes: Record<string, object>;
  };
}

/** A call of a function and its value. */
export interface ApiExample {
  readonly args: unknown;
  readonly value: unknown;
}

/** By function; its own docs come first. */
export type ApiExamples = Readonly<Record<string, ApiExample>>;

/** Describes every function of the registry, from its validators and docs, for a server at `publicUrl`. */
export function buildOpenApi(
  registry: Registry,
  publicUrl: string,
  examples: ApiExamples = {},
): OpenApiDocument {
  const functions = [...registry.values()];
  return {
    openapi: "3.0.3",
    info: {
      title: "Connvo API",
      version: apiVersion,
      description: `Functions of a Connvo server, one address each. ${errorText}`,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: publicUrl, description: "This server" }],
    security: [{ bearerAuth: [] }],
    tags: Object.entries(tagDescriptions).map(([name, description]) => ({
      name: name as Tag,
      description,
    })),
    paths: Object.fromEntries(
      functions.map((fn) => [
        `/api/run/${slashed(fn.name)}`,
        { post: operationOf(fn, fn.definition.docs.examples ?? examples[fn.name]) },
      ]),
    ),
    components: {
      schemas: Object.fromEntries([...functions.flatMap(schemasOf), ["FailedResponse", failed]]),
      securitySchemes,
    },
  };
}

const errorText =
  'A function that refuses its caller answers 200 with `status: "error"` and `errorData {code, message, statusCode, metadata?}`; ' +
  "every other answer is one of those below, with `{code, message}`, and 429 and 503 with `Retry-After`.";

const failed: Schema = {
  type: "object",
  required: ["code", "message"],
  properties: { code: { type: "string" }, message: { type: "string" } },
};

/** What HTTP says of requests that reach no function, and of faults that are not the caller's. */
const failures: Readonly<Record<string, string>> = {
  "400": "The request could not be read",
  "401": "The credentials are not valid",
  "408": "The request did not arrive in time",
  "413":
    "The body is longer than the function takes, or than is taken of callers who are not signed in",
  "429": "Too many requests at once of one caller, address or connection",
  "500": "The server is at fault",
  "503": "The server cannot serve now",
};

const securitySchemes = {
  bearerAuth: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "The token a user got from the configured issuer (WorkOS, another OpenID Connect issuer, or the built-in one), as `Authorization: Bearer <token>`.",
  },
  adminKey: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "The server's key for administration, as `Authorization: Convex <key>`.",
  },
} as const;

/** `a/b:c` → `a/b/c`. */
function slashed(name: string): string {
  return name.replace(":", "/");
}

/** `a/b:c` → `a.b.c`, as the published component names have it. */
function dotted(name: string): string {
  return slashed(name).replaceAll("/", ".");
}

/** `a/b:c` → `postApiRunABC`. */
export function operationIdOf(name: string): string {
  const parts = slashed(name).split("/");
  return `postApiRun${parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("")}`;
}

function operationOf(
  { name, definition }: RegisteredFunction,
  example: ApiExample | undefined,
): Operation {
  const { docs } = definition;
  return {
    tags: docs.tags ?? [tagOf(name)],
    summary: docs.summary,
    description: describe(definition),
    operationId: operationIdOf(name),
    requestBody: {
      required: true,
      content: content(`Request_${dotted(name)}`, example && { args: example.args }),
    },
    responses: responsesOf(name, example),
    security: securityOf(definition),
  };
}

function responsesOf(name: string, example: ApiExample | undefined): Operation["responses"] {
  const answer = example && {
    status: "success",
    errorMessage: "",
    errorData: {},
    value: example.value,
  };
  return {
    "200": {
      description: "The function ran: its result, or why it refused",
      content: content(`Response_${dotted(name)}`, answer),
    },
    ...Object.fromEntries(
      Object.entries(failures).map(([status, description]) => [
        status,
        { description, content: content("FailedResponse") },
      ]),
    ),
  };
}

function content(schema: string, example?: object): Content {
  return {
    "application/json": {
      schema: { $ref: `#/components/schemas/${schema}` },
      ...(example !== undefined && { example }),
    },
  };
}

const callers = {
  anyone: "Anybody may call it.",
  user: "For signed-in users.",
  userOrAdmin: "For signed-in users, and for administration with the admin key.",
  selfOrOrgAdmin:
    "For the user themselves, administrators of their organisation, and administration with the admin key.",
  participant: "For participants of the meeting.",
  contributor: "For participants of the meeting who are not observers.",
  host: "For hosts of the meeting.",
  orgAdmin: "For administrators of the organisation, and for administration with the admin key.",
  anyOrgAdmin:
    "For administrators of an organisation, whichever it is, and for administration with the admin key.",
  insightOwner:
    "For whose insight it is, administrators of the organisation that they and the meeting belong to, and administration with the admin key.",
  auditReader:
    "For administrators of the organisation, hosts of the meeting, and administration with the admin key.",
  admin: "For administration, with the admin key.",
} as const;

function describe({ kind, permission, docs }: FunctionDefinition): string {
  const facts = `${callers[permission.requires]} Kind: ${kind}.`;
  return docs.description === undefined ? facts : `${docs.description}\n\n${facts}`;
}

/** What the administration key may do beside those who are signed in. */
const alsoAdmin: ReadonlySet<string> = new Set([
  "userOrAdmin",
  "selfOrOrgAdmin",
  "orgAdmin",
  "insightOwner",
  "auditReader",
]);

function securityOf({ permission }: FunctionDefinition): readonly SecurityRequirement[] {
  if (permission.requires === "admin") return [{ adminKey: [] }];
  if (alsoAdmin.has(permission.requires)) return [{ bearerAuth: [] }, { adminKey: [] }];
  return permission.requires === "anyone" ? [{ bearerAuth: [] }, {}] : [{ bearerAuth: [] }];
}

function schemasOf({ name, definition, argsValidator }: RegisteredFunction): [string, Schema][] {
  const args = argumentSchema(argsValidator);
  return [
    [`Request_${dotted(name)}`, { type: "object", required: ["args"], properties: { args } }],
    [
      `Response_${dotted(name)}`,
      {
        type: "object",
        required: ["status"],
        properties: {
          status: { type: "string", enum: ["success", "error"] },
          errorMessage: { type: "string" },
          errorData: { type: "object" },
          value: resultSchema(definition.returns),
        },
      },
    ],
  ];
}
