import type { FastifyInstance } from "fastify";
import type { Authenticator } from "../auth/authenticator.ts";
import { isLoopbackName } from "../auth/localAuthAllowed.ts";
import { AppError } from "../core/errors.ts";

export interface MetricsSource {
  readonly contentType: string;
  /** Prometheus text. */
  text(): Promise<string>;
}

/** Headers a proxy adds: behind one, a loopback peer proves nothing. */
const proxyHeaders = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/** `GET /metrics`: open to this machine, with the administration key from elsewhere or through a proxy. */
export async function metricsRoute(
  app: FastifyInstance,
  { metrics, authenticator }: { metrics: MetricsSource; authenticator: Authenticator },
): Promise<void> {
  app.get("/metrics", async (request, reply) => {
    const proxied = proxyHeaders.some((name) => request.headers[name] !== undefined);
    if (proxied || !isLoopbackName(request.ip)) {
      const identity = await authenticator.authenticate(request.headers.authorization);
      if (identity.kind !== "admin")
        throw new AppError("UNAUTHORIZED", "Metrics need the administration key");
    }
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}
