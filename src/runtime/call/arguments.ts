import { getConvexSize, type Value } from "convex/values";
import type { RegisteredFunction } from "../registry.ts";
import { decodeValue, ValueError } from "../values/values.ts";
import type { Refusal } from "./outcome.ts";
import * as refusals from "./refusals.ts";

/** Most bytes that arguments and results may take, by Convex's formula. */
export const maxConvexSize = 16 * 2 ** 20;

/** No JSON text shorter than this encodes more than `maxConvexSize`: its densest part, `0,`, makes 9 bytes of 2. */
export const surelySmall = maxConvexSize / 5;

/** What a request may wrap around its arguments, bytes. */
const envelopeBytes = 2000;

/** Longest text of a call whose function takes arguments of `maxArgsBytes`, bytes. */
export function textLimit(maxArgsBytes: number): number {
  return maxArgsBytes + envelopeBytes;
}

type ReadArguments =
  | { readonly ok: true; readonly args: Record<string, unknown> }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Decodes and checks the arguments of a call.
 * @param json a positional list of one object, or the object itself; taken over, not copied.
 * @param bytes length of the JSON text it came from.
 */
export function readArguments(fn: RegisteredFunction, json: unknown, bytes: number): ReadArguments {
  const { maxArgsBytes } = fn.definition;
  if (bytes > textLimit(maxArgsBytes))
    return { ok: false, refusal: refusals.oversizedArguments(fn.name, bytes, maxArgsBytes) };
  const decoded = decode(fn.name, Array.isArray(json) ? json : [json]);
  if ("refusal" in decoded) return { ok: false, refusal: decoded.refusal };
  const refusal = tooLarge(fn.name, decoded.list, bytes) ?? misfit(fn, decoded.list);
  if (refusal !== undefined) return { ok: false, refusal };
  return { ok: true, args: decoded.list[0] as Record<string, unknown> };
}

function decode(name: string, list: unknown[]): { list: unknown[] } | { refusal: Refusal } {
  try {
    for (let index = 0; index < list.length; index++) list[index] = decodeValue(list[index]);
    return { list };
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return { refusal: refusals.undecodableArguments(name, error.message) };
  }
}

function tooLarge(name: string, list: unknown[], bytes: number): Refusal | undefined {
  if (bytes < surelySmall) return undefined;
  const size = getConvexSize(list as Value);
  return size > maxConvexSize ? refusals.oversizedArguments(name, size, maxConvexSize) : undefined;
}

function misfit(fn: RegisteredFunction, list: unknown[]): Refusal | undefined {
  const [first] = list;
  if (list.length !== 1) return refusals.notOneArgument(list);
  if (typeof first !== "object" || first === null || Array.isArray(first))
    return refusals.argumentNotObject(first);
  readBytes(fn, first as Record<string, unknown>);
  const mismatch = fn.checkArgs(first);
  return mismatch === undefined ? undefined : refusals.argumentMismatch(mismatch);
}

/** Bytes are base64 text in plain JSON, as they are answered; Convex's clients wrap them. */
export function readBytes({ definition }: RegisteredFunction, args: Record<string, unknown>): void {
  for (const [name, { kind }] of Object.entries(definition.args)) {
    const { [name]: sent } = args;
    if (kind === "bytes" && typeof sent === "string")
      args[name] = Uint8Array.from(Buffer.from(sent, "base64")).buffer;
  }
}
