import type { Delivery } from "./delivery.ts";
import type { Endpoint } from "./endpoint.ts";

/** An endpoint as clients see it; never its secret. */
export function endpointView(endpoint: Endpoint) {
  const { id: endpointId, url, eventTypes, enabled, createdAt, updatedAt } = endpoint;
  const { description, disabledReason, previousUntil } = endpoint;
  return {
    ...{ endpointId, url, eventTypes, enabled, createdAt, updatedAt },
    ...(description === null || description === "" ? {} : { description }),
    ...(disabledReason === null ? {} : { disabledReason }),
    ...(previousUntil === null ? {} : { previousSecretUntil: previousUntil }),
  };
}

export function deliveryView(delivery: Delivery) {
  const { eventId, type, meetingId, recordingId, sequence, state, attempts, createdAt } = delivery;
  const { nextAt, lastAttemptAt, lastStatus, lastError } = delivery;
  return {
    ...{ eventId, type, sequence, state, attempts, createdAt },
    ...(meetingId === null ? {} : { meetingId }),
    ...(recordingId === null ? {} : { recordingId }),
    ...(state === "pending" ? { nextAttemptAt: nextAt } : {}),
    ...(lastAttemptAt === null ? {} : { lastAttemptAt }),
    ...(lastStatus === null ? {} : { lastStatus }),
    ...(lastError === null ? {} : { lastError }),
  };
}
