import { AuthError } from "../auth/authError.ts";
import type { Identity } from "../auth/identity.ts";
import type { ConnectionAuthenticator } from "../auth/tokens/authenticator.ts";
import type { ClientMessageOf } from "./protocol.ts";

/** Who a client says it is, over a connection that outlasts tokens. */
export class Credentials {
  readonly #authenticator: ConnectionAuthenticator;
  #authorization: string | undefined;
  #identity: Identity = { kind: "anonymous" };
  #goodUntil = Number.POSITIVE_INFINITY;

  constructor(authenticator: ConnectionAuthenticator) {
    this.#authenticator = authenticator;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** Takes other credentials, or none. @throws AuthError, and stays who it was */
  async change(message: ClientMessageOf<"Authenticate">): Promise<void> {
    if ((message.impersonating ?? message.acting_as) != null)
      throw new AuthError(400, "InvalidAdminKey", "Nobody can be impersonated here");
    const authorization = headerOf(message);
    const { identity, goodUntil } = await this.#authenticator.prove(authorization);
    this.#authorization = authorization;
    this.#identity = identity;
    this.#goodUntil = goodUntil;
  }

  /** Whether they must be looked at again. `now` is epoch ms. */
  isDue(now: number): boolean {
    return now >= this.#goodUntil;
  }

  /** Looks at them again: the token may have run out, or its keys were replaced. @throws AuthError */
  async renew(): Promise<void> {
    const authorization = this.#authorization;
    this.#goodUntil = Number.POSITIVE_INFINITY;
    try {
      const { goodUntil } = await this.#authenticator.prove(authorization);
      if (this.#authorization === authorization) this.#goodUntil = goodUntil;
    } catch (error) {
      // Others have been given meanwhile.
      if (this.#authorization === authorization) throw error;
    }
  }
}

function headerOf({ tokenType, value = "" }: ClientMessageOf<"Authenticate">): string | undefined {
  if (tokenType === "None") return undefined;
  return `${tokenType === "Admin" ? "Convex" : "Bearer"} ${value}`;
}
