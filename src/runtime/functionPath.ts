/** A parsed function identifier; `name` is its key in the registry, e.g. `meetings/stream/index:startRecording`. */
export type ParsedPath =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly reason: string };

const maxComponentLength = 64;
const component = /^(?=.*[A-Za-z0-9])[A-Za-z0-9_.]+$/;
const identifier = /^(?=.*[A-Za-z0-9])[A-Za-z_][A-Za-z0-9_]*$/;

/** Parses `<module>:<export>`; without a colon the export is `default`, and a `.js` of the module is dropped. */
export function parseFunctionPath(text: string): ParsedPath {
  const colon = text.lastIndexOf(":");
  const module = colon === -1 ? text : text.slice(0, colon);
  return fromParts(module, colon === -1 ? "default" : text.slice(colon + 1));
}

/**
 * Parses what follows `/api/run/`: the last segment is the export, the others are the module.
 * @returns undefined when there are fewer than two segments.
 */
export function parseRunPath(wildcard: string): ParsedPath | undefined {
  const segments = wildcard.split("/");
  const name = segments.pop();
  if (name === undefined || segments.length === 0) return undefined;
  return fromParts(segments.join("/"), name);
}

function fromParts(module: string, name: string): ParsedPath {
  const path = module.endsWith(".js") ? module.slice(0, -3) : module;
  const reason = moduleProblem(path) ?? exportProblem(name);
  return reason === undefined ? { ok: true, name: `${path}:${name}` } : { ok: false, reason };
}

function moduleProblem(path: string): string | undefined {
  if (path.startsWith("/")) return "Module paths must be relative.";
  const components = path.split("/");
  for (const part of components) {
    if (part === "." || part === "..") return "Module paths must not contain `.` or `..`.";
    if (part.length > maxComponentLength)
      return `A path component is longer than ${maxComponentLength} characters.`;
    if (!component.test(part))
      return "Path components consist of letters, digits, `_` and `.`, with at least one letter or digit.";
  }
  const dot = components.at(-1)?.lastIndexOf(".") ?? -1;
  return dot > 0 ? "Module paths have no extension other than `.js`." : undefined;
}

function exportProblem(name: string): string | undefined {
  if (name.length > maxComponentLength)
    return `The function name is longer than ${maxComponentLength} characters.`;
  return identifier.test(name) ? undefined : "The function name is not an identifier.";
}

/** As "could not find" texts print it: a default export by its module alone. */
export function strippedPath(name: string): string {
  return name.endsWith(":default") ? name.slice(0, -":default".length) : name;
}

/** As all other texts print it: `module.js:export`. */
export function canonicalPath(name: string): string {
  const colon = name.lastIndexOf(":");
  return `${name.slice(0, colon)}.js${name.slice(colon)}`;
}
