import { ApiError } from "../../api/apiError.ts";
import { NoMediaPath } from "./link.ts";
import type { PersonInRoom, Publication, RoomState } from "./roomMessage.ts";
import type { Slot } from "./subscribeSession.ts";

/** How the connection stands. `removed`, `ended`, `elsewhere` and `refused` stay until something is done. */
export type RoomPhase =
  | { name: "connecting" }
  | { name: "connected" }
  /** `reason` in words, with what can be done about it, if anything has to be. */
  | { name: "reconnecting"; reason: string; advice?: string }
  | { name: "removed" }
  | { name: "ended" }
  /** The same person has joined in another window. */
  | { name: "elsewhere" }
  | { name: "refused"; error: unknown };

/** Somebody's camera or screen as it can be shown. */
export interface PublicationView {
  /** The owner says it is on. */
  audio: boolean;
  video: boolean;
  /** The video is not sent to us now: our connection is too weak for it. */
  paused: boolean;
  /** Where it is received; undefined for one's own, and while there is no connection. */
  received: Slot | undefined;
  slot: number | undefined;
}

export interface PersonView {
  userId: string;
  name: string;
  role: PersonInRoom["role"];
  isSelf: boolean;
  camera: PublicationView | undefined;
  screen: PublicationView | undefined;
}

export interface RoomView {
  phase: RoomPhase;
  /** In order of arrival, oneself included; the last known while there is no connection. */
  people: readonly PersonView[];
  speaker: string | undefined;
  recording: RoomState["recording"];
  /** The own screen is being shown to others. */
  sharing: boolean;
  /** What is shared, for oneself. */
  sharedTrack: MediaStreamTrack | undefined;
}

const noMediaPathWords = {
  reason: "The server answers, but sound and pictures do not get through to it.",
  advice:
    "This page keeps trying. On the server's own machine, connect the machine to a network or use Chrome. From elsewhere, try another network, or ask whoever runs the server to open its UDP port for media.",
};

/** Everybody as they can be shown with what is received. Pure. */
export function peopleIn(room: RoomState | undefined, slots: readonly Slot[]): PersonView[] {
  const publicationView = ({ slot, audio, video, paused }: Publication): PublicationView => {
    return { audio, video, paused, received: slot === undefined ? undefined : slots[slot], slot };
  };
  return (room?.people ?? []).map(({ userId, name, role, camera, screen }) => ({
    userId,
    name,
    role,
    isSelf: userId === room?.self,
    camera: camera && publicationView(camera),
    screen: screen && publicationView(screen),
  }));
}

/** Everybody with the role that the server tells of them, where the room does not. Pure. */
export function withRoles(
  people: readonly PersonView[],
  attendees: readonly { userId: string; role: NonNullable<PersonView["role"]> }[],
): PersonView[] {
  const roles = new Map(attendees.map(({ userId, role }) => [userId, role]));
  return people.map((person) => ({ ...person, role: person.role ?? roles.get(person.userId) }));
}

/** Why links are being opened again, in words. Pure. */
export function troubleOf(
  links: readonly { error: unknown }[],
  isOnline: boolean,
): { reason: string; advice?: string } {
  const error = links.map((link) => link.error).find((found) => found !== undefined);
  // The server has answered, also without a network: it may be on this machine.
  if (error instanceof NoMediaPath) return noMediaPathWords;
  if (!isOnline) return { reason: "This device is not connected to a network." };
  if (error instanceof ApiError && error.code === "OFFLINE")
    return { reason: "The server cannot be reached." };
  if (error !== undefined) return { reason: "The server cannot open the connection just now." };
  return { reason: "The connection to the meeting was lost." };
}

/** How the room stands once the server has refused the person. Pure. */
export function refusedPhase(error: unknown, wasConnected: boolean): RoomPhase {
  if (error instanceof ApiError && error.code === "MEETING_NOT_ACTIVE" && wasConnected)
    return { name: "ended" };
  if (error instanceof ApiError && error.code === "NOT_FOUND" && wasConnected)
    return { name: "removed" };
  return { name: "refused", error };
}
