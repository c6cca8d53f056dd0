/** Why publishing did not begin, or ended. */
export type WhipFailure =
  /** The server answered with a refusal. */
  | "refused"
  /** No usable answer: network, time-out, or an answer that is not WHIP. */
  | "unreachable"
  /** Signalling succeeded, but no media connection came about or it was lost. */
  | "disconnected";

export interface WhipErrorDetails {
  /** HTTP status of a refusal. */
  status?: number;
  /** The server's error code, when its answer has one. */
  code?: string;
  /** When the server allows another try. */
  retryAfterMs?: number;
  cause?: unknown;
}

const worthRetrying = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

export class WhipError extends Error {
  readonly failure: WhipFailure;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(failure: WhipFailure, message: string, details: WhipErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "WhipError";
    this.failure = failure;
    this.status = details.status;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.failure !== "refused" || worthRetrying.has(this.status ?? 0);
  }
}

/** The refusal in an HTTP answer; understands `{code, message}` and `{errorData: {…}}` bodies. */
export async function refusalOf(response: Response): Promise<WhipError> {
  const text = await response.text().catch(() => "");
  const { code, message, retryAfterMs } = bodyFacts(text);
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const wait = retryAfterMs ?? (Number.isFinite(seconds) ? seconds * 1000 : undefined);
  return new WhipError(
    "refused",
    `${response.status} ${code ?? response.statusText}: ${message ?? text.slice(0, 200)}`,
    {
      status: response.status,
      ...(code !== undefined && { code }),
      ...(wait !== undefined && { retryAfterMs: wait }),
    },
  );
}

interface BodyFacts {
  code?: string;
  message?: string;
  retryAfterMs?: number;
}

function bodyFacts(text: string): BodyFacts {
  try {
    const body = JSON.parse(text) as BodyFacts & { errorData?: BodyFacts & { metadata?: object } };
    const data = body.errorData ?? body;
    const metadata: BodyFacts = { ...(data as { metadata?: object }).metadata };
    return {
      ...(typeof data.code === "string" && { code: data.code }),
      ...(typeof data.message === "string" && { message: data.message }),
      ...(typeof metadata.retryAfterMs === "number" && { retryAfterMs: metadata.retryAfterMs }),
    };
  } catch {
    return {};
  }
}
