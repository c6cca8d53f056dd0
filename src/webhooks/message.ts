import type { Message } from "./attempt.ts";
import type { Claim } from "./claims.ts";

/** What is sent of an event: the same text on every attempt. */
export function messageOf(claimed: Claim, publicUrl: string): Message {
  const { eventId: id, url, secret, previousSecret, type, sequence, createdAt } = claimed;
  const { recordingUrl, ...data } = claimed.data;
  const address =
    typeof recordingUrl === "string" ? { recordingUrl: publicUrl + recordingUrl } : {};
  const timestamp = new Date(createdAt).toISOString();
  const body = JSON.stringify({ type, timestamp, data: { ...data, ...address, sequence } });
  const secrets = previousSecret === null ? [secret] : [secret, previousSecret];
  return { id, url: new URL(url), body, secrets };
}
