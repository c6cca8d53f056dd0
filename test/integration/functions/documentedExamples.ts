import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ApiExample } from "../../../src/runtime/openapi/openapi.ts";

const file = path.resolve(import.meta.dirname, "../../../src/generated/examples.json");
/** Set by `npm run gen:examples`: the calls of this run become those of the document. */
const isWriting = process.env["CONNVO_WRITE_EXAMPLES"] === "1";

/** The examples in the API document, which have to be what functions are asked and answer. */
export class DocumentedExamples {
  readonly #known = JSON.parse(readFileSync(file, "utf8")) as Record<string, ApiExample>;
  readonly #seen: Record<string, ApiExample> = {};

  /** @returns what the document shows, and what it would show of this call: the same keys and types, the very same arguments */
  compare(name: string, args: object, value: unknown): { shown: unknown; seen: unknown } {
    const seen = readable({ args, value }) as ApiExample;
    this.#seen[name] = seen;
    const shown = isWriting ? seen : this.#known[name];
    return { shown: comparable(shown), seen: comparable(seen) };
  }

  /** @returns names of functions that the document has an example of though they gave no answer */
  unseen(): string[] {
    if (!isWriting) return Object.keys(this.#known).filter((name) => !(name in this.#seen));
    const sorted = Object.entries(this.#seen).sort(([a], [b]) => (a < b ? -1 : 1));
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
    return [];
  }
}

const comparable = (example: ApiExample | undefined) =>
  example && { args: example.args, value: shapeOf(example.value) };

/** Keys and types of a value; lists by their first item. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== "object" || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]));
}

/** Of a list as many as tell what it is. */
const mostItems = 2;
const exampleDay = Date.UTC(2026, 0, 15, 9);

/** What is another each time becomes what a reader can follow: ids count up, times are of one morning, secrets are left out. */
function readable(call: unknown): unknown {
  const ids = new Map<string, string>();
  const idOf = (id: string, prefix: string) => {
    const number = [...ids.keys()].filter((known) => known.startsWith(`${prefix}_`)).length + 1;
    const name = ids.get(id) ?? `${prefix}_${number}example`;
    ids.set(id, name);
    return name;
  };
  const text = (value: string) =>
    value
      .replace(/\b([a-zA-Z]+)_[0-9a-hjkmnp-tv-z]{26}\b/g, idOf)
      .replace(/^[\w+/]{400,}={0,2}$/, "AAAAPwAAAD8AAAA/AAAAPw==")
      .replace(/\borg_world_\d+/g, "org_example")
      .replace(/\b1[5-9]\d{11}\b/g, String(exampleDay))
      .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, "eyJ…")
      .replace(/\bwhsec_[\w+/=]+/g, "whsec_…")
      .replace(/(?<![\w/])(?!(?:[a-z]+-)+[a-z]+(?![\w/-]))[A-Za-z0-9_-]{22,}(?![\w/])/g, "…");
  const number = (value: number) => {
    if (value > 1.5e12) return exampleDay;
    return value > 1.5e9 && value < 3e9 ? exampleDay / 1000 : value;
  };
  const visit = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value === "number") return number(value);
    if (Array.isArray(value)) return value.slice(0, mostItems).map(visit);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, visit(member)]));
  };
  return visit(call);
}
