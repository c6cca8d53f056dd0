import type { UserIdentity } from "../../../src/auth/identity.ts";
import type { DataKey } from "../../../src/db/port.ts";
import type { TestDatabase } from "./database.ts";
import { guestOf, type MeetingStage, meetingOf, person, userIdOf } from "./meetingCalls.ts";

export const signaling = (name: string) => `meetings/webrtc/signaling:${name}`;
export const rooms = (name: string) => `meetings/webrtc/rooms:${name}`;

export interface Peer {
  identity: UserIdentity;
  userId: string;
  /** Their open session. */
  sessionId: string;
}

export interface Signal {
  _id: string;
  type: string;
  data: Record<string, unknown>;
  fromUserId: string;
  sessionId: string;
  timestamp: number;
}

/** A running free meeting of a host and so many guests, each with a session named `a`, `b`, … */
export async function peersOf(stage: MeetingStage, guests = 1) {
  const identity = person({ plan: "free" });
  const meetingId = await meetingOf(stage, identity);
  const others = [];
  for (let i = 0; i < guests; i++) others.push(await guestOf(stage, identity, meetingId));
  const people = [{ identity, userId: await userIdOf(stage, identity) }, ...others];
  const peers: Peer[] = people.map((one, index) => ({
    ...one,
    sessionId: String.fromCharCode(97 + index),
  }));
  for (const { identity, sessionId } of peers)
    await stage.call(identity, signaling("createWebRTCSession"), { meetingId, sessionId });
  return { meetingId, peers: peers as [Peer, Peer, ...Peer[]] };
}

/** An offer of that text. */
export const offer = (text = "") => ({ type: "offer", sdp: `v=0\r\n${text}` });

export const pendingFor = (stage: MeetingStage, peer: Peer, meetingId: string, more = {}) =>
  stage.call<Signal[]>(peer.identity, signaling("getPendingSignals"), { meetingId, ...more });

/** The keys of all that is committed while `work` runs. */
export async function writtenBy(test: TestDatabase, work: () => Promise<unknown>) {
  const [last] = await test.sql<{ n: string }>("SELECT count(*) AS n FROM commit_log");
  await work();
  const rows = await test.sql<{ keys: DataKey[] }>(
    `SELECT keys FROM commit_log ORDER BY at, id OFFSET ${last?.n ?? 0}`,
  );
  return [...new Set(rows.flatMap(({ keys }) => keys))].sort();
}
