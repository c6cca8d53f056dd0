import type { MediaSource } from "../publishSession.ts";

/** What somebody says is on. */
export type MediaState = Record<MediaSource, { audio: boolean; video: boolean }>;

/** What two pages tell each other over their connection. */
export type PeerMessage = { type: "media"; state: MediaState } | { type: "bye" };

/** Reads a message; undefined for what is not understood, which is to be ignored. */
export function parsePeerMessage(data: unknown): PeerMessage | undefined {
  const message = parseJson(data);
  if (message?.["type"] === "bye") return { type: "bye" };
  const state = message?.["state"];
  if (message?.["type"] !== "media" || !isJson(state)) return undefined;
  return { type: "media", state: { camera: onOf(state["camera"]), screen: onOf(state["screen"]) } };
}

function parseJson(data: unknown): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(String(data));
    return isJson(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const isJson = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

function onOf(value: unknown): { audio: boolean; video: boolean } {
  if (!isJson(value)) return { audio: false, video: false };
  return { audio: value["audio"] === true, video: value["video"] === true };
}
