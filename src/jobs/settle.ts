import { settleHosts } from "../meetings/lifecycle/settleHosts.ts";
import { settleRooms } from "../meetings/lifecycle/settleRooms.ts";
import type { MeetingServices } from "../meetings/services.ts";
import { settleDue } from "../recordings/lifecycle/settle.ts";
import type { RecordingServices } from "../recordings/services.ts";
import { type Loop, startLoop } from "./loop.ts";

/** Rows looked at in one go; a full batch means that more may be due. */
const batch = 16;
const idleMs = 1_000;

/** Drives everything past its deadline on, on every node at once: recordings, the rooms of meetings, meetings without hosts. */
export function startSettleLoops(services: RecordingServices & MeetingServices): Loop[] {
  const { clock, log } = services;
  const settle = (name: string, work: () => Promise<number>) =>
    startLoop({ name, idleMs, clock, log, work: async () => (await work()) === batch });
  return [
    settle("settle recordings", () => settleDue(services, batch)),
    settle("settle rooms", () => settleRooms(services, batch)),
    settle("settle hosts", () => settleHosts(services, batch)),
  ];
}
