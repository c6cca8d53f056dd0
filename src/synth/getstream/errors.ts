/** Stream's refusals: HTTP status, its own code, and the sentence after `<operation> failed with error:`. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, inner: string) {
    super(inner);
    this.status = status;
    this.code = code;
  }
}

export const badInput = (inner: string) => new Refusal(400, 4, inner);
export const callMissing = (cid: string) => new Refusal(404, 16, `Can't find call with id ${cid}`);
export const missing = (inner: string) => new Refusal(404, 16, inner);

/** The body of every error, as published. */
export function errorBody(operation: string, { status, code, message }: Refusal): object {
  return {
    code,
    message: `${operation} failed with error: "${message}"`,
    StatusCode: status,
    duration: "0.00ms",
    more_info: "https://getstream.io/chat/docs/api_errors_response",
    details: [],
  };
}
