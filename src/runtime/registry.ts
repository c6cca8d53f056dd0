import { type GenericValidator, v } from "convex/values";
import { type FunctionDefinition, isFunctionDefinition } from "./builders.ts";
import { parseFunctionPath } from "./functionPath.ts";
import { type Check, compileCheck } from "./values/validate.ts";

/** Module path under `src/functions` (no extension) → the module; what `src/generated/modules.ts` exports. */
export type FunctionModules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A function under its public name, with its checks compiled. */
export interface RegisteredFunction {
  /** `meetings/stream/index:startRecording`. */
  readonly name: string;
  readonly definition: FunctionDefinition;
  readonly argsValidator: GenericValidator;
  readonly checkArgs: Check;
  readonly checkResult: Check;
}

/** All public functions by name; a Map, so that a lookup finds own keys only. */
export type Registry = ReadonlyMap<string, RegisteredFunction>;

/**
 * Collects every function the modules export; other exports are ignored.
 * @throws Error when a name could not be called from outside.
 */
export function buildRegistry(modules: FunctionModules): Registry {
  const registry = new Map<string, RegisteredFunction>();
  for (const [module, exports] of Object.entries(modules).sort(byKey)) {
    for (const [key, value] of Object.entries(exports).sort(byKey)) {
      if (!isFunctionDefinition(value)) continue;
      const entry = register(module, key, value);
      registry.set(entry.name, entry);
    }
  }
  return registry;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function register(module: string, key: string, definition: FunctionDefinition): RegisteredFunction {
  const path = parseFunctionPath(`${module}:${key}`);
  if (!path.ok) throw new Error(`${module}:${key} is not a legal function name. ${path.reason}`);
  const argsValidator = v.object(definition.args);
  return {
    name: path.name,
    definition,
    argsValidator,
    checkArgs: compileCheck(argsValidator),
    checkResult: compileCheck(definition.returns),
  };
}
