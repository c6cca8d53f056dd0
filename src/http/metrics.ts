import type { FastifyInstance } from "fastify";
import type { Authenticator } from "../auth/tokens/authenticator.ts";
import { AppError } from "../core/errors.ts";
import { guardedRequest, refuseRemote } from "./signIn/localCaller.ts";

export interface MetricsSource {
  readonly contentType: string;
  /** Prometheus text. */
  text(): Promise<string>;
}

/** `GET /metrics`: open to this machine, with the administration key from elsewhere or through a proxy. */
export async function metricsRoute(
  app: FastifyInstance,
  { metrics, authenticator }: { metrics: MetricsSource; authenticator: Authenticator },
): Promise<void> {
  app.get("/metrics", async (request, reply) => {
    // Only under a loopback name: a proxy that adds nothing may still pass on the name people use.
    if (refuseRemote(guardedRequest(request), undefined) !== undefined) {
      const identity = await authenticator.authenticate(request.headers.authorization);
      if (identity.kind !== "admin")
        throw new AppError("UNAUTHORIZED", "Metrics need the administration key");
    }
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}
