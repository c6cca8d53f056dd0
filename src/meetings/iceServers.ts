import type { MeetingServices } from "./services.ts";

/** RTCIceServer objects for clients, in the published shape. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/** The configured ICE servers; none by default: on one machine or one network none is needed. */
export function iceServersOf({ iceServers }: MeetingServices["config"]): IceServer[] {
  return (iceServers ?? []).map(({ urls, username, credential }) => ({
    urls,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  }));
}
