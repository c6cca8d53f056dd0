import type { FuzzTarget } from "../target.ts";
import { captureFiles } from "./captureFiles.ts";
import { frames } from "./frames.ts";
import { rtcp, rtp } from "./packets.ts";
import { room } from "./room.ts";
import { channelMessages, json, sdp, trickle } from "./texts.ts";

/** Every target, and how many packets could be read in the time of one of its inputs. */
export async function allTargets(): Promise<{ target: FuzzTarget; weight: number }[]> {
  return [
    { target: rtp, weight: 1 },
    { target: rtcp, weight: 1 },
    { target: channelMessages, weight: 2 },
    { target: json, weight: 2 },
    { target: trickle, weight: 2 },
    { target: frames, weight: 10 },
    { target: sdp, weight: 25 },
    { target: room, weight: 200 },
    { target: await captureFiles(), weight: 2000 },
  ];
}
