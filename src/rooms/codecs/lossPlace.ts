import type { Placement } from "./depacketizer.ts";

/** A packet at the edge of a loss. */
export interface Edge extends Placement {
  timestamp: number;
  marker: boolean;
}

/** Picture numbers of 7 bits come round: a longer loss may hide as many pictures. */
const maxCounted = 64;

/**
 * Whether the packets lost between two others certainly belonged to frames no other frame refers to: these can be
 * left out, and what follows can be decoded all the same.
 */
export function onlyUnreferencedLost(before: Edge, after: Edge, lost: number): boolean {
  if (before.timestamp === after.timestamp)
    return !before.marker && before.unreferenced && after.unreferenced;
  const tailSafe = before.marker || before.unreferenced;
  const headSafe = after.startsFrame || after.unreferenced;
  if (lost <= maxCounted && areNeighbours(before, after)) return tailSafe && headSafe;
  if (lost !== 1) return false;
  if (before.goesOn) return before.unreferenced && after.startsFrame;
  return before.marker && !after.startsFrame && after.unreferenced;
}

/** No picture is missing between the two. */
function areNeighbours({ picture: one }: Edge, { picture: next }: Edge): boolean {
  if (!one || !next || one.modulus !== next.modulus) return false;
  return (one.id + 1) % one.modulus === next.id;
}
