import type { Target } from "./load.ts";

/** Somebody signed in at the built-in issuer. */
export interface SignedIn {
  name: string;
  token: string;
}

/** Calls functions of a running server as a client does. */
export class ConnvoClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async signIn(name: string): Promise<SignedIn> {
    const { token } = await this.#post<{ token: string }>("/auth/local/token", { name }, {});
    return { name, token };
  }

  /** Calls `module:function` as somebody. @throws Error with the refusal's text */
  async call<T>(fn: string, args: object, { token }: SignedIn): Promise<T> {
    const { url, headers } = this.target(fn, token);
    const answer = await this.#post<Answer<T>>(url, { args, format: "json" }, headers);
    if (answer.status === "success") return answer.value;
    throw new Error(`${fn}: ${answer.errorMessage}`);
  }

  /** A call without arguments, for a load generator. */
  target(fn: string, token: string): Target {
    const url = `${this.#url}/api/run/${fn.replace(":", "/")}`;
    const body = JSON.stringify({ args: {}, format: "json" });
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    return { url, headers, body };
  }

  async #post<T>(address: string, body: object, headers: Record<string, string>): Promise<T> {
    const response = await fetch(new URL(address, this.#url), {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok)
      throw new Error(`${address} answers ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }
}

type Answer<T> = { status: "success"; value: T } | { status: "error"; errorMessage: string };
