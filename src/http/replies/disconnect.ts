import type { FastifyReply } from "fastify";

/**
 * A signal that aborts when the client goes away before it has its answer. The response is watched, because
 * the request (and Fastify's `request.signal` with it) closes as soon as its body has been read.
 */
export function disconnectSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const closed = () => {
    if (!raw.writableFinished) controller.abort();
  };
  if (raw.closed) closed();
  else raw.once("close", closed);
  return controller.signal;
}
