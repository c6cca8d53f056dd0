import { convexToJson, type JSONValue, jsonToConvex, type Value } from "convex/values";

/** How results are written: plain JSON for people, or Convex's lossless encoding for its clients. */
export type Format = "json" | "convex_encoded_json";

const maxNesting = 64;
const maxArrayLength = 8192;
const maxFields = 1024;
const maxFieldNameLength = 1024;
const fieldName = /^[\x20-\x7e]*$/;
const loneSurrogate = /\p{Cs}/u;
const wrappers: readonly string[] = ["$integer", "$bytes", "$float"];

/** Something that is not a value functions can take or return; the message is meant for the caller. */
export class ValueError extends Error {
  override name = "ValueError";
}

/**
 * Turns JSON as it came over the wire into the value it encodes, within the limits on nesting and counts.
 * Takes ownership of `json`: containers are reused, not copied.
 * @throws ValueError
 */
export function decodeValue(json: unknown): unknown {
  return decode(json, 0);
}

function decode(json: unknown, depth: number): unknown {
  if (typeof json === "string") return checkText(json);
  if (typeof json === "number") return checkNumber(json);
  if (typeof json !== "object" || json === null) return json;
  if (depth >= maxNesting)
    throw new ValueError(
      `Value is too nested (nested ${depth + 1} levels deep > maximum nesting ${maxNesting})`,
    );
  return Array.isArray(json) ? decodeArray(json, depth) : decodeObject(json, depth);
}

function decodeArray(items: unknown[], depth: number): unknown[] {
  if (items.length > maxArrayLength)
    throw new ValueError(
      `Array length is too long (${items.length} > maximum length ${maxArrayLength})`,
    );
  for (let index = 0; index < items.length; index++) items[index] = decode(items[index], depth + 1);
  return items;
}

function decodeObject(json: object, depth: number): unknown {
  const fields = json as Record<string, unknown>;
  const names = Object.keys(fields);
  if (names.length > maxFields)
    throw new ValueError(
      `Object has too many fields (${names.length} > maximum number ${maxFields})`,
    );
  const first = names[0];
  if (names.length === 1 && first !== undefined && wrappers.includes(first)) return unwrap(fields);
  for (const name of names) {
    checkFieldName(name);
    fields[name] = decode(fields[name], depth + 1);
  }
  return fields;
}

function unwrap(wrapped: Record<string, unknown>): unknown {
  try {
    return jsonToConvex(wrapped as JSONValue);
  } catch (error) {
    throw new ValueError(error instanceof Error ? error.message : "Malformed value");
  }
}

/** Text PostgreSQL cannot store is refused here rather than failing there. */
function checkText(text: string): string {
  if (text.includes("\0")) throw new ValueError("Strings must not contain the character U+0000");
  if (loneSurrogate.test(text)) throw new ValueError("Strings must not contain lone surrogates");
  return text;
}

/** JSON such as `1e999` reads as Infinity. */
function checkNumber(number: number): number {
  if (!Number.isFinite(number)) throw new ValueError("Number out of range");
  return number;
}

/** `__proto__` is refused because assigning it anywhere would change an object's prototype. */
function checkFieldName(name: string): void {
  if (name.length > maxFieldNameLength)
    throw new ValueError(`Field name exceeds maximum field name length ${maxFieldNameLength}`);
  if (name.startsWith("$"))
    throw new ValueError(`Field name ${name} starts with a '$', which is reserved`);
  if (!fieldName.test(name) || name === "__proto__")
    throw new ValueError(
      `Field name ${JSON.stringify(name)} is not allowed: field names consist of printable ASCII characters`,
    );
}

/**
 * Turns a checked result into what `JSON.stringify` writes in the given format. Copies only what changes.
 * @throws ValueError when something in it is not a value.
 */
export function encodeValue(value: unknown, format: Format): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return encodeNumber(value, format);
    case "bigint":
      return format === "json" ? value.toString() : convexToJson(value);
    case "object":
      return value === null ? null : encodeObject(value, format);
    default:
      throw new ValueError(`${typeof value} is not a value`);
  }
}

function encodeNumber(value: number, format: Format): unknown {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  if (format === "json") return Object.is(value, -0) ? 0 : String(value);
  return convexToJson(value);
}

function encodeObject(value: object, format: Format): unknown {
  if (value instanceof ArrayBuffer) {
    return format === "json" ? Buffer.from(value).toString("base64") : convexToJson(value as Value);
  }
  if (Array.isArray(value)) return value.map((item) => encodeValue(item, format));
  if (!isPlainObject(value)) throw new ValueError("A class instance is not a value");
  return encodeFields(value, format);
}

function encodeFields(fields: Record<string, unknown>, format: Format): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const name of Object.keys(fields)) {
    const field = fields[name];
    if (field === undefined) continue;
    const encoded = encodeValue(field, format);
    if (encoded === field) continue;
    copy ??= { ...fields };
    copy[name] = encoded;
  }
  return copy ?? fields;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether `value` is one that functions may return: for validators that leave the type open. */
export function isValue(value: unknown, depth = 0): boolean {
  if (value === null) return true;
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value;
  if (typeof value !== "object")
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  if (depth >= maxNesting) return false;
  if (Array.isArray(value)) return value.every((item) => isValue(item, depth + 1));
  if (value instanceof ArrayBuffer) return true;
  return isPlainObject(value) && Object.keys(value).every((name) => isField(value, name, depth));
}

function isField(fields: Record<string, unknown>, name: string, depth: number): boolean {
  const field = fields[name];
  return field === undefined || (isFieldName(name) && isValue(field, depth + 1));
}

/** Whether a record or an open object may have a field of this name. */
export function isFieldName(name: string): boolean {
  return name.length <= maxFieldNameLength && /^(?!\$|__proto__$)[\x20-\x7e]*$/.test(name);
}
