import type { AppError } from "./errors.ts";

/** A decision: a value, or the refusal to be told to the caller. Breakage is thrown instead. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: AppError };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });

export const refuse = (error: AppError): Result<never> => ({ ok: false, error });

/** Why not, or undefined where there is a value. */
export const refusalOf = (result: Result<unknown>): AppError | undefined =>
  result.ok ? undefined : result.error;

/** The value: for use cases, at the point where a decision becomes the answer. @throws AppError, the refusal, where there is none */
export function orThrow<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw result.error;
}
