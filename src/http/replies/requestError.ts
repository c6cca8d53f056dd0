/** A request that is refused before any function is looked at; becomes `{code, message}` with this status. */
export class RequestError extends Error {
  readonly statusCode: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    statusCode: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = "RequestError";
    this.statusCode = statusCode;
    this.code = code;
    this.headers = headers;
  }
}

/** The answer to a request whose body is not what the API takes. */
export function badJsonBody(message: string): RequestError {
  return new RequestError(400, "BadJsonBody", message);
}
