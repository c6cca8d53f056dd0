import { ConvexHttpClient } from "convex/browser";
import type { FunctionReference, FunctionReturnType, OptionalRestArgs } from "convex/server";
import { DemoError } from "./demoError.ts";

type Mutation = FunctionReference<"mutation">;
type Action = FunctionReference<"action">;
type Query = FunctionReference<"query">;

/** Somebody signed in at a server, calling its functions with Convex's own client. */
export class Person {
  readonly name: string;
  readonly token: string;
  readonly #client: ConvexHttpClient;

  private constructor(url: string, name: string, token: string) {
    this.name = name;
    this.token = token;
    const quiet = { skipConvexDeploymentUrlCheck: true, logger: false };
    this.#client = new ConvexHttpClient(url, quiet);
    this.#client.setAuth(token);
  }

  /** Signs in with the server's built-in issuer. @throws DemoError when it has none */
  static async signIn(url: string, name: string, signal: AbortSignal): Promise<Person> {
    const answer = await fetch(`${url}/auth/local/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name }),
      signal,
    }).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new DemoError(`No server answers at ${url}`, cause);
    });
    if (!answer.ok) throw new DemoError(`${url} signs nobody in by name: ${await said(answer)}`);
    const { token } = (await answer.json()) as { token: string };
    return new Person(url, name, token);
  }

  mutation<F extends Mutation>(f: F, ...args: OptionalRestArgs<F>): Promise<FunctionReturnType<F>> {
    return this.#client.mutation(f, ...args);
  }

  action<F extends Action>(f: F, ...args: OptionalRestArgs<F>): Promise<FunctionReturnType<F>> {
    return this.#client.action(f, ...args);
  }

  query<F extends Query>(f: F, ...args: OptionalRestArgs<F>): Promise<FunctionReturnType<F>> {
    return this.#client.query(f, ...args);
  }
}

async function said(answer: Response): Promise<string> {
  return `${answer.status} ${(await answer.text()).slice(0, 200)}`;
}
