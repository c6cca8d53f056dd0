import type { Config } from "../config/config.ts";
import type { VideoProvider } from "../video/port.ts";

export interface Listening {
  config: Pick<Config, "transcription" | "transcriptionBaseUrl">;
  video: Pick<VideoProvider, "capabilities">;
}

/** Whether this server recognises speech at all. */
export function hasSpeechEngine({ config }: Pick<Listening, "config">): boolean {
  return config.transcription !== "none" || config.transcriptionBaseUrl !== undefined;
}

/** Whether this server writes down what is said while it is recorded, where plan and host allow it. */
export function listens(services: Listening): boolean {
  return services.video.capabilities.composesLocally && hasSpeechEngine(services);
}

/** Whether this server can write down what is said in the recordings of a provider: captures lie where rooms are ours, files everywhere. */
export function canHear(services: Listening, provider: "embedded" | "getstream"): boolean {
  return provider === "embedded" ? listens(services) : hasSpeechEngine(services);
}
