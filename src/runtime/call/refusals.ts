import { AppError, type ErrorCode, type ErrorMetadata } from "../../core/errors.ts";
import type { FunctionKind } from "../builders.ts";
import { canonicalPath, strippedPath } from "../functionPath.ts";
import { explainMismatch, fieldOf, type Mismatch, mismatchText } from "../values/mismatch.ts";
import { printValue } from "../values/printing.ts";
import type { Refusal } from "./outcome.ts";

/** An error a function raised for its caller. */
export function applicationRefusal(error: AppError): Refusal {
  const data = error.toData();
  return {
    kind: "refused",
    text: `Uncaught ConvexError: ${JSON.stringify(data)}\n`,
    data,
    typed: true,
  };
}

/** `anyKind`: called where the caller does not say whether it means a query, a mutation or an action. */
export function unknownFunction(name: string, anyKind: boolean): Refusal {
  const path = strippedPath(name);
  const text = anyKind
    ? `Could not find function for '${path}'. Did you forget to run \`npx convex dev\`?`
    : `Could not find public function for '${path}'.`;
  return protocolRefusal("NOT_FOUND", `${text}\n`, `There is no function ${path}`, {
    function: path,
  });
}

export function wrongKind(name: string, asked: FunctionKind, actual: FunctionKind): Refusal {
  const text = `Trying to execute ${canonicalPath(name)} as ${title(asked)}, but it is defined as ${title(actual)}.`;
  return protocolRefusal("VALIDATION_ERROR", `${text}\n`, text, { function: name, kind: actual });
}

export function undecodableArguments(name: string, reason: string): Refusal {
  const text = `Invalid arguments for ${canonicalPath(name)}: ${reason}`;
  return protocolRefusal("VALIDATION_ERROR", `${text}\n`, reason, { field: "args" });
}

export function oversizedArguments(name: string, bytes: number, limit: number): Refusal {
  const text = `Arguments for ${canonicalPath(name)} are too large (actual: ${mebibytes(bytes)}, limit: ${limit / 2 ** 20} MiB)`;
  return protocolRefusal("VALIDATION_ERROR", `${text}\n`, text, { field: "args" });
}

export function oversizedResult(name: string, bytes: number): Refusal {
  const text = `Function ${canonicalPath(name)} return value is too large (actual: ${mebibytes(bytes)}, limit: 16 MiB)`;
  return protocolRefusal("VALIDATION_ERROR", `${text}\n`, text, {});
}

/** Arguments come as one object; positional lists of other lengths are refused. */
export function notOneArgument(args: readonly unknown[]): Refusal {
  const text = `Expected to receive a single object as the function's argument. Instead received ${args.length} arguments: ${printValue(args)}`;
  return argumentRefusal(text, "Expected one object as the function's arguments", {
    field: "args",
  });
}

export function argumentNotObject(arg: unknown): Refusal {
  const text = `Expected to receive an object as the function's argument. Instead received: ${printValue(arg)}`;
  return argumentRefusal(text, "Expected an object as the function's arguments", { field: "args" });
}

export function argumentMismatch(mismatch: Mismatch): Refusal {
  const { message, expected } = explainMismatch(mismatch);
  const field = fieldOf(mismatch);
  return argumentRefusal(mismatchText(mismatch), message, {
    field,
    path: `.${field}`,
    reason: mismatch.reason,
    expected,
  });
}

function argumentRefusal(text: string, message: string, metadata: ErrorMetadata): Refusal {
  return protocolRefusal(
    "VALIDATION_ERROR",
    `ArgumentValidationError: ${text}\n\n`,
    message,
    metadata,
  );
}

function protocolRefusal(
  code: ErrorCode,
  text: string,
  message: string,
  metadata: ErrorMetadata,
): Refusal {
  return {
    kind: "refused",
    text,
    data: new AppError(code, message, metadata).toData(),
    typed: false,
  };
}

function title(kind: FunctionKind): string {
  return kind.charAt(0).toUpperCase() + kind.slice(1);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`;
}
