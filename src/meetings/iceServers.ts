import { z } from "zod";
import type { MeetingServices } from "./services.ts";

const shape = z.array(
  z.object({
    urls: z.union([z.string(), z.array(z.string())]),
    username: z.string().optional(),
    credential: z.string().optional(),
  }),
);

/** RTCIceServer objects for clients, in the published shape. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/**
 * The configured ICE servers; none by default: on one machine or one network none is needed.
 * @throws Error for a setting that is not such a list, without quoting it: it may hold a credential
 */
export function iceServersOf(config: MeetingServices["config"]): IceServer[] {
  if (config.iceServers === undefined) return [];
  const parsed = shape.safeParse(parseJson(config.iceServers));
  if (parsed.success) return parsed.data.map(withoutAbsent);
  throw new Error("CONNVO_ICE_SERVERS is not a JSON array of RTCIceServer objects");
}

function withoutAbsent({ urls, username, credential }: z.infer<typeof shape>[number]): IceServer {
  return {
    urls,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
