import type {
  GenericId,
  GenericValidator,
  Infer,
  ObjectType,
  PropertyValidators,
} from "convex/values";
import type { Grant, Permission } from "../auth/permission.ts";
import type { ActionContext, MutationContext, QueryContext } from "./context.ts";
import type { Tag } from "./tags.ts";

/** Registered, so that definitions of another copy of this module (a bundle) count too. */
const definitionBrand: unique symbol = Symbol.for("connvo.FunctionDefinition");

/** Longest arguments of a function that declares nothing else, bytes of JSON: names, texts and a list of people. */
export const defaultArgsBytes = 256 * 1024;

/** Calls one user may make in a minute to a mutation or action that declares nothing else: no person needs as many. */
const defaultCallsPerMinute = 1200;

export type FunctionKind = "query" | "mutation" | "action";

/** A validator's type with ids as plain strings: clients and handlers treat them as opaque text. */
export type Plain<T> = unknown extends T
  ? T
  : T extends GenericId<string>
    ? string
    : T extends string | number | bigint | boolean | null | undefined | ArrayBuffer
      ? T
      : { [K in keyof T]: Plain<T[K]> };

export type ArgsOf<F extends PropertyValidators> = {
  [K in keyof ObjectType<F>]: Plain<ObjectType<F>[K]>;
};
export type ResultOf<R extends GenericValidator> = Plain<Infer<R>>;

/** What people read about a function; becomes its part of the OpenAPI document. */
export interface FunctionDocs {
  /** One line, no full stop. */
  readonly summary: string;
  /** What it does, who may call it, what it refuses. */
  readonly description?: string;
  /** Default: decided by the function's path, as in the published API. */
  readonly tags?: readonly Tag[];
  readonly examples?: { readonly args: object; readonly value: unknown };
}

/** A public function as plain data; made by `query`, `mutation` or `action` only. */
export interface FunctionDefinition {
  readonly [definitionBrand]: true;
  readonly kind: FunctionKind;
  readonly permission: Permission;
  readonly args: PropertyValidators;
  readonly returns: GenericValidator;
  /** Longest arguments, bytes of JSON. */
  readonly maxArgsBytes: number;
  /** What one user may call in a minute, on each node; queries, which leave nothing behind, as often as they like. */
  readonly callsPerMinute: number;
  readonly docs: FunctionDocs;
  /** Takes the context of its kind and validated arguments. */
  readonly handler: (ctx: never, args: never) => unknown;
}

export function isFunctionDefinition(value: unknown): value is FunctionDefinition {
  return typeof value === "object" && value !== null && definitionBrand in value;
}

interface Declaration<
  Context,
  G extends Grant,
  F extends PropertyValidators,
  R extends GenericValidator,
> extends Omit<FunctionDocs, "examples"> {
  /** Who may call: made by `can`; checked before the handler runs. */
  readonly permission: Permission<G>;
  /** Closed: an unknown argument is refused. */
  readonly args: F;
  /** Closed too; a result that does not fit never leaves the server. */
  readonly returns: R;
  /** Longest arguments it needs, bytes of JSON; at most `maxConvexSize`. Default: `defaultArgsBytes`. */
  readonly maxArgsBytes?: number;
  /** Calls one user may make in a minute; for what leaves rows behind that nobody removes. */
  readonly callsPerMinute?: number;
  readonly handler: (ctx: Context, args: ArgsOf<F>) => ResultOf<R> | Promise<ResultOf<R>>;
  readonly examples?: { readonly args: ArgsOf<F>; readonly value: ResultOf<R> };
}

/** Declares a function that reads one consistent snapshot and changes nothing. */
export function query<G extends Grant, F extends PropertyValidators, R extends GenericValidator>(
  declaration: Declaration<QueryContext<G>, G, F, R>,
): FunctionDefinition {
  return define("query", declaration);
}

/** Declares a function that is one transaction; it may run more than once before it commits. */
export function mutation<G extends Grant, F extends PropertyValidators, R extends GenericValidator>(
  declaration: Declaration<MutationContext<G>, G, F, R>,
): FunctionDefinition {
  return define("mutation", declaration);
}

/** Declares a function that talks to the world outside and opens transactions for what it stores. */
export function action<G extends Grant, F extends PropertyValidators, R extends GenericValidator>(
  declaration: Declaration<ActionContext<G>, G, F, R>,
): FunctionDefinition {
  return define("action", declaration);
}

function define<C, G extends Grant, F extends PropertyValidators, R extends GenericValidator>(
  kind: FunctionKind,
  declaration: Declaration<C, G, F, R>,
): FunctionDefinition {
  const {
    permission,
    args,
    returns,
    maxArgsBytes = defaultArgsBytes,
    callsPerMinute = kind === "query" ? Number.POSITIVE_INFINITY : defaultCallsPerMinute,
    handler,
    ...docs
  } = declaration;
  return Object.freeze({
    [definitionBrand]: true as const,
    kind,
    permission,
    args,
    returns,
    maxArgsBytes,
    callsPerMinute,
    docs: Object.freeze(docs),
    handler,
  });
}
