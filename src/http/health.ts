import type { FastifyInstance } from "fastify";
import type { Clock } from "../core/clock.ts";
import { apiVersion } from "../runtime/openapi/openapi.ts";

/** One thing the server cannot work without. */
export interface ReadinessCheck {
  readonly name: string;
  /** Looks whether it is there. @throws, or does not settle in time, when it is not */
  readonly check: () => Promise<void>;
}

export interface HealthOptions {
  clock: Clock;
  /** Version of the server, as `/version` tells it. */
  version: string;
  checks: readonly ReadinessCheck[];
}

const checkTimeoutMs = 2000;

/** Adds the addresses that say whether the server lives, and whether it can serve. */
export function healthRoutes(
  scope: FastifyInstance,
  { clock, version, checks }: HealthOptions,
): void {
  const healthy = () => ({ status: "healthy", timestamp: clock.now(), version: apiVersion });
  scope.get("/health", healthy);
  scope.get("/api/health", healthy);
  scope.get("/healthz", () => ({ status: "ok" }));
  scope.get("/readyz", async (_request, reply) => {
    const failed = await failedChecks(checks, clock);
    if (failed.length === 0) return { status: "ready" };
    return reply.code(503).header("retry-after", "1").send({ status: "not ready", failed });
  });
  scope.get("/version", (_request, reply) => reply.type("text/plain").send(version));
  scope.get("/instance_version", (_request, reply) => reply.type("text/plain").send(version));
  scope.get("/instance_name", (_request, reply) => reply.type("text/plain").send("connvo"));
}

/** Names of the checks that failed: why is for the logs of those who failed. */
async function failedChecks(checks: readonly ReadinessCheck[], clock: Clock): Promise<string[]> {
  const results = await Promise.all(
    checks.map(async ({ name, check }) => ((await passes(check, clock)) ? [] : [name])),
  );
  return results.flat();
}

async function passes(check: () => Promise<void>, clock: Clock): Promise<boolean> {
  const waiting = new AbortController();
  const outcome = check().then(
    () => true,
    () => false,
  );
  const timeout = clock.sleep(checkTimeoutMs, waiting.signal).then(() => false);
  const passed = await Promise.race([outcome, timeout]);
  waiting.abort();
  return passed;
}
