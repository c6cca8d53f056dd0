import type { Config } from "../config/config.ts";
import type { VideoProvider } from "../video/port.ts";

export interface Listening {
  config: Pick<Config, "transcription">;
  video: Pick<VideoProvider, "capabilities">;
}

/** Whether this server writes down what is said in recordings, where plan and host allow it. */
export function listens({ config, video }: Listening): boolean {
  return video.capabilities.composesLocally && config.transcription === "embedded";
}
