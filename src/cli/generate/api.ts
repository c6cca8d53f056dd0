import { type GenericValidator, v } from "convex/values";
import type { RegisteredFunction, Registry } from "../../runtime/registry.ts";
import { header } from "./modules.ts";

/** A folder, a module or both: what stands below it, by name. */
interface Node {
  readonly children: Map<string, Node>;
  readonly functions: Map<string, RegisteredFunction>;
}

/**
 * The text of `api.ts`: the functions as Convex's clients refer to them, typed by their validators. It needs
 * nothing but the `convex` package, so that clients can take it along.
 */
export function apiText(registry: Registry): string {
  const root = emptyNode();
  for (const fn of registry.values()) insert(root, fn);
  return `${header}import { anyApi, type FunctionReference } from "convex/server";

/** Every public function by path: \`api.meetings.stream.index.startRecording\`. */
export interface Api ${printNode(root, "")}

export const api = anyApi as unknown as Api;
`;
}

function emptyNode(): Node {
  return { children: new Map(), functions: new Map() };
}

function insert(root: Node, fn: RegisteredFunction): void {
  const [module = "", name = ""] = fn.name.split(":");
  let node = root;
  for (const part of module.split("/")) {
    const child = node.children.get(part) ?? emptyNode();
    node.children.set(part, child);
    node = child;
  }
  node.functions.set(name, fn);
}

function printNode({ children, functions }: Node, indent: string): string {
  const inner = `${indent}  `;
  const lines = [
    ...[...children].map(([name, child]) => `${inner}${key(name)}: ${printNode(child, inner)};\n`),
    ...[...functions].map(([name, fn]) => printFunction(name, fn, inner)),
  ];
  return `{\n${lines.join("")}${indent}}`;
}

function printFunction(name: string, { definition }: RegisteredFunction, indent: string): string {
  const { kind, args, returns, docs } = definition;
  const inner = `${indent}  `;
  const types = [`"${kind}"`, '"public"', printArgs(args, inner), printType(returns, inner)];
  return `${indent}/** ${docs.summary.replaceAll("*/", "*\\/")} */\n${indent}${key(name)}: FunctionReference<\n${types
    .map((type) => `${inner}${type}`)
    .join(",\n")}\n${indent}>;\n`;
}

function printArgs(args: Record<string, GenericValidator>, indent: string): string {
  return Object.keys(args).length === 0
    ? "Record<string, never>"
    : printType(v.object(args), indent);
}

/** The TypeScript type of a validator's values, ids as plain strings. */
function printType(validator: GenericValidator, indent: string): string {
  switch (validator.kind) {
    case "object":
      return printObject(validator.fields, indent);
    case "array":
      return `Array<${printType(validator.element, indent)}>`;
    case "record":
      return `Record<string, ${printType(validator.value, indent)}>`;
    case "union":
      return validator.members.map((member) => printType(member, indent)).join(" | ") || "never";
    case "literal":
      return typeof validator.value === "bigint"
        ? `${validator.value}n`
        : JSON.stringify(validator.value);
    default:
      return scalars[validator.kind];
  }
}

const scalars = {
  string: "string",
  id: "string",
  float64: "number",
  int64: "bigint",
  commitTs: "bigint",
  boolean: "boolean",
  bytes: "ArrayBuffer",
  null: "null",
  any: "unknown",
} as const;

function printObject(fields: Record<string, GenericValidator>, indent: string): string {
  const entries = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return "Record<string, never>";
  const inner = `${indent}  `;
  const lines = entries.map(([name, field]) => {
    const optional = field.isOptional === "optional" ? "?" : "";
    return `${inner}${key(name)}${optional}: ${printType(field, inner)};\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
