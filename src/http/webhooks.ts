import type { FastifyInstance, FastifyRequest } from "fastify";
import { RequestError } from "./replies/requestError.ts";

/** What became of deliveries, counted since the start. */
export type DeliveryCounts = Record<string, number>;

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

/**
 * A provider's webhook: raw bytes of any type, answered 200 once they are stored. Who is not the provider is told 401 whatever
 * is wrong; 413 beyond 256 KiB; 503 while the database is away, so that the provider tries again.
 */
export async function webhookRoute(app: FastifyInstance, deps: WebhookDeps): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit }, (_request, body, done) =>
    done(null, body),
  );
  app.post(deps.path, { bodyLimit }, async (request, reply) => {
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const { accepted, outcome } = await deps.receive(raw, (name) => single(request, name));
    deps.onOutcome(outcome);
    if (!accepted) throw new RequestError(401, "Unauthorized", "Not a delivery of the provider");
    return reply.send("ok");
  });
}

/** A header that was sent once; one that was repeated is none. */
function single({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && !value.includes(",") ? value : undefined;
}
