import { APICallError, RetryError } from "ai";

/**
 * Asks a model, for as long as the caller wants and a request may take.
 * @param timeoutMs of the whole answer
 * @throws the signal's reason; Error with what went wrong, and nothing of request or answer
 */
export async function askedInTime<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await ask(AbortSignal.any([signal, timeout]));
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) throw new Error(`the model gave no answer within ${timeoutMs} ms`);
    throw modelError(error);
  }
}

/**
 * What a model's endpoint failed with, in words of ours: the library's errors carry the whole request, which quotes what people said,
 * and the endpoint's answer, which may quote the key. They must reach neither a log nor a table.
 */
function modelError(error: unknown): Error {
  if (RetryError.isInstance(error)) return modelError(error.lastError);
  if (APICallError.isInstance(error)) return new Error(callFailure(error));
  if (error instanceof Error && !error.name.startsWith("AI_")) return error;
  return new Error("the model gave an answer of another form");
}

function callFailure({ statusCode, cause }: APICallError): string {
  if (statusCode === undefined) {
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    return `the model's endpoint could not be reached${reason}`;
  }
  return statusCode >= 200 && statusCode < 300
    ? "the model's endpoint gave an answer of another form"
    : `the model's endpoint answered with status ${statusCode}`;
}
