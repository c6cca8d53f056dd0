import type { GenericValidator } from "convex/values";

/** A schema of OpenAPI 3.0.3, as far as validators need it. */
export interface Schema {
  type?: "string" | "number" | "boolean" | "array" | "object";
  format?: string;
  description?: string;
  nullable?: true;
  enum?: (string | number | boolean | null)[];
  oneOf?: Schema[];
  items?: Schema;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | false;
}

/** The schema of arguments a validator accepts: objects with no fields but those. */
export function argumentSchema(validator: GenericValidator): Schema {
  return schemaOf(validator, true);
}

/** The schema of results, open: clients must bear fields that come later. Spelled as the published API spells it. */
export function resultSchema(validator: GenericValidator): Schema {
  return schemaOf(validator, false);
}

function schemaOf(validator: GenericValidator, closed: boolean): Schema {
  switch (validator.kind) {
    case "object":
      return objectSchema(validator.fields, closed);
    case "array":
      return { type: "array", items: schemaOf(validator.element, closed) };
    case "record":
      return { type: "object", additionalProperties: schemaOf(validator.value, closed) };
    case "union":
      return unionSchema(validator.members, closed);
    case "literal":
      return literalSchema(validator.value);
    case "id":
      return { type: "string", description: `ID from table "${validator.tableName}"` };
    default:
      return { ...scalars[validator.kind] };
  }
}

const scalars = {
  string: { type: "string" },
  float64: { type: "number" },
  boolean: { type: "boolean" },
  /** Decimal digits: JSON numbers cannot hold 64 bits. */
  int64: { type: "string", format: "int64" },
  bytes: { type: "string", format: "binary" },
  /** OpenAPI 3.0 has no null type. */
  null: { type: "string", nullable: true },
  commitTs: { type: "string", format: "int64" },
  any: {},
} as const satisfies Record<string, Schema>;

function objectSchema(fields: Record<string, GenericValidator>, closed: boolean): Schema {
  const entries = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  const required = entries
    .filter(([, field]) => field.isOptional !== "optional")
    .map(([name]) => name);
  const properties = Object.fromEntries(
    entries.map(([name, field]) => [name, schemaOf(field, closed)] as const),
  );
  return {
    type: "object",
    ...(required.length > 0 && { required }),
    ...(entries.length > 0 && { properties }),
    ...(closed && { additionalProperties: false }),
  };
}

function literalSchema(value: unknown): Schema {
  if (typeof value === "string") return { type: "string", enum: [value] };
  if (typeof value === "number") return { type: "number", enum: [value] };
  if (typeof value === "boolean") return { type: "boolean", enum: [value] };
  return { type: "string", format: "int64", enum: [String(value)] };
}

/** In OpenAPI 3.0 `nullable` stands beside a `type` and changes no `enum`: null must be said there too. */
function unionSchema(members: readonly GenericValidator[], closed: boolean): Schema {
  const others = members
    .filter((member) => member.kind !== "null")
    .map((member) => schemaOf(member, closed));
  const [only] = others;
  if (only === undefined) return { ...scalars.null };
  const isNullable = others.length < members.length;
  if (others.length === 1) return isNullable ? nullable(only) : only;
  return { oneOf: isNullable ? [...others, { ...scalars.null, enum: [null] }] : others };
}

function nullable(schema: Schema): Schema {
  if (schema.type === undefined) return schema;
  return {
    ...schema,
    nullable: true,
    ...(schema.enum && { enum: [...schema.enum, null] }),
  };
}
