import type { FastifyInstance, FastifyRequest } from "fastify";
import { CallRates } from "../core/limits/callRates.ts";
import { RequestError } from "./replies/requestError.ts";

export interface WebhookDeps {
  /** Where the provider delivers, e.g. `/webhooks/getstream`. */
  path: string;
  /** Judges and stores a delivery; resolves once it is durable, with what became of it. */
  receive(
    raw: Buffer,
    header: (name: string) => string | undefined,
  ): Promise<{ accepted: boolean; outcome: string }>;
  /** Told what became of each. */
  onOutcome(outcome: string): void;
}

/** As sent, bytes. */
const bodyLimit = 256 * 1024;
/** What one address may send in a minute that is refused: to judge it costs inflating. */
const refusalsPerMinute = 60;

/**
 * A provider's webhook: raw bytes of any type, answered 200 once they are stored. Who is not the provider is told 401 whatever
 * is wrong, and 429 before its body is read once too much of one address was refused; 413 beyond 256 KiB; 503 while the
 * database is away, so that the provider tries again.
 */
export async function webhookRoute(app: FastifyInstance, deps: WebhookDeps): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit }, (_request, body, done) =>
    done(null, body),
  );
  const refusals = new CallRates(() => performance.now());
  const onRequest = async ({ ip }: FastifyRequest) => {
    const waitMs = refusals.wait(ip, refusalsPerMinute);
    if (waitMs === undefined) return;
    deps.onOutcome("rate_limited");
    const retryAfter = String(Math.ceil(waitMs / 1000));
    throw new RequestError(429, "TooManyRequests", "Too much of this address was refused", {
      "retry-after": retryAfter,
    });
  };
  app.post(deps.path, { bodyLimit, onRequest }, async (request, reply) => {
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const { accepted, outcome } = await deps.receive(raw, (name) => single(request, name));
    deps.onOutcome(outcome);
    if (!accepted) {
      refusals.take(request.ip, refusalsPerMinute);
      throw new RequestError(401, "Unauthorized", "Not a delivery of the provider");
    }
    return reply.send("ok");
  });
}

/** A header that was sent once; one that was repeated is none. */
function single({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && !value.includes(",") ? value : undefined;
}
