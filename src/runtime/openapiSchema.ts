import type { GenericValidator } from "convex/values";

/** A schema of OpenAPI 3.0.3, as far as validators need it. */
export interface Schema {
  type?: "string" | "number" | "boolean" | "array" | "object";
  format?: string;
  description?: string;
  nullable?: true;
  enum?: (string | number | boolean)[];
  oneOf?: Schema[];
  items?: Schema;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
}

/** The schema of what a validator accepts, spelled as the published API spells it. */
export function schemaOf(validator: GenericValidator): Schema {
  switch (validator.kind) {
    case "object":
      return objectSchema(validator.fields);
    case "array":
      return { type: "array", items: schemaOf(validator.element) };
    case "record":
      return { type: "object", additionalProperties: schemaOf(validator.value) };
    case "union":
      return unionSchema(validator.members);
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

function objectSchema(fields: Record<string, GenericValidator>): Schema {
  const entries = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  const required = entries
    .filter(([, field]) => field.isOptional !== "optional")
    .map(([name]) => name);
  const properties = Object.fromEntries(
    entries.map(([name, field]) => [name, schemaOf(field)] as const),
  );
  return {
    type: "object",
    ...(required.length > 0 && { required }),
    ...(entries.length > 0 && { properties }),
  };
}

function literalSchema(value: unknown): Schema {
  if (typeof value === "string") return { type: "string", enum: [value] };
  if (typeof value === "number") return { type: "number", enum: [value] };
  if (typeof value === "boolean") return { type: "boolean", enum: [value] };
  return { type: "string", format: "int64", enum: [String(value)] };
}

function unionSchema(members: readonly GenericValidator[]): Schema {
  const others = members.filter((member) => member.kind !== "null").map(schemaOf);
  const [only] = others;
  if (only === undefined) return { ...scalars.null };
  const schema: Schema = others.length === 1 ? only : { oneOf: others };
  return others.length === members.length ? schema : { ...schema, nullable: true };
}
