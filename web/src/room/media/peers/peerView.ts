import { ApiError } from "../../../api/apiError.ts";
import type { PersonView, PublicationView, RoomPhase } from "../roomView.ts";
import type { PeerLink } from "./peerLink.ts";
import type { PeerSession } from "./peerServer.ts";

/** Somebody else, and the connection to the window they are in. */
export interface Peer {
  session: PeerSession;
  link: PeerLink;
  /** Since when the server does not list them; monotonic, ms. */
  missedSince: number | undefined;
}

/** Of each person the window they came in with last. Pure; `sessions` oldest first. */
export function newestOf(sessions: readonly PeerSession[]): Map<string, PeerSession> {
  return new Map(sessions.map((session) => [session.userId, session]));
}

/** Somebody as they can be shown; nobody once they have left. */
export function personOf({ session, link }: Peer): PersonView[] {
  if (link.left) return [];
  const view = (source: "camera" | "screen"): PublicationView | undefined => {
    const on = link.told?.[source];
    if (on === undefined || (source === "screen" && !on.video)) return undefined;
    return { ...on, paused: false, received: link.received(source), slot: undefined };
  };
  const { userId, name } = session;
  return [
    {
      userId,
      name,
      role: undefined,
      isSelf: false,
      camera: view("camera"),
      screen: view("screen"),
    },
  ];
}

/** How all connections stand, as one. */
export function peerPhase(
  opened: boolean,
  peers: readonly Peer[],
  wasConnected: boolean,
): RoomPhase {
  const expected = peers.filter(({ link }) => !link.left);
  const troubled = expected.filter(({ link }) => link.troubled);
  if (troubled.length > 0) {
    const names = troubled.map(({ session }) => session.name).join(", ");
    return { name: "reconnecting", reason: `There is no connection to ${names}.` };
  }
  const isThere = opened && expected.every(({ link }) => link.connected);
  return { name: isThere || wasConnected ? "connected" : "connecting" };
}

/** Why there is no session, in words. */
export function wordsOf(error: unknown, isOnline: boolean): { reason: string } {
  if (!isOnline) return { reason: "This device is not connected to a network." };
  if (error instanceof ApiError && error.code === "OFFLINE")
    return { reason: "The server cannot be reached." };
  return { reason: "The connection to the meeting was lost." };
}
