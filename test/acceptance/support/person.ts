import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { ConvexError } from "convex/values";

export type Args = Record<string, unknown>;

/** A signed-in person with the official client. */
export interface Person {
  readonly name: string;
  readonly token: string;
  query<T>(fn: string, args?: Args): Promise<T>;
  mutation<T>(fn: string, args?: Args): Promise<T>;
  action<T>(fn: string, args?: Args): Promise<T>;
}

/** Signs in with the built-in issuer. Each call is a person of their own unless `name` was used before. */
export async function signIn(url: string, name: string): Promise<Person> {
  const answer = await fetch(`${url}/auth/local/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  if (!answer.ok) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`);
  const { token } = (await answer.json()) as { token: string };
  return personWith(url, name, token);
}

/** The official client with that token; the empty one sends none. */
export function personWith(url: string, name: string, token: string): Person {
  const client = new ConvexHttpClient(url, { skipConvexDeploymentUrlCheck: true, logger: false });
  if (token !== "") client.setAuth(token);
  return {
    name,
    token,
    query: <T>(fn: string, args: Args = {}) =>
      client.query(makeFunctionReference<"query", Args, T>(fn), args),
    mutation: <T>(fn: string, args: Args = {}) =>
      client.mutation(makeFunctionReference<"mutation", Args, T>(fn), args),
    action: <T>(fn: string, args: Args = {}) =>
      client.action(makeFunctionReference<"action", Args, T>(fn), args),
  };
}

/** What a refused call tells. */
export interface Refusal {
  code: string;
  message: string;
  statusCode: number;
  metadata?: Record<string, unknown>;
}

/** The typed refusal a call of the official client ends with; fails when it ends in any other way. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await call.then(
    (value) => new Error(`not refused: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof ConvexError) return error.data as Refusal;
  throw error;
}
