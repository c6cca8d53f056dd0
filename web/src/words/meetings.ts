import type { FunctionReturnType } from "convex/server";
import type { functions } from "../api/functions.ts";
import { durationWords, momentWords } from "./time.ts";

export type Meeting = FunctionReturnType<
  typeof functions.meetings.queries.listUserMeetings
>[number];
export type Person = FunctionReturnType<
  typeof functions.meetings.queries.listMeetingParticipants
>[number];

/** When the meeting is or was. @param now epoch ms */
export function whenWords(meeting: Meeting, now: number): string {
  const { state, scheduledAt, createdAt, updatedAt, duration } = meeting;
  switch (state) {
    case "active":
      return "Running now";
    case "scheduled":
      return scheduledAt === undefined ? "Not started yet" : momentWords(scheduledAt, now);
    case "concluded":
      return [momentWords(updatedAt - (duration ?? 0), now), duration && durationWords(duration)]
        .filter(Boolean)
        .join(" · ");
    case "cancelled":
      return `Cancelled · ${momentWords(scheduledAt ?? createdAt, now)}`;
  }
}

export function peopleWords(count: number): string {
  return count === 1 ? "1 person" : `${count} people`;
}

const roleWords: Readonly<Record<Person["role"], string>> = {
  host: "Host",
  participant: "Participant",
  observer: "Watches only",
};

/** What somebody is in the meeting, and whether they are there: "Host · in the meeting now". */
export function placeWords({ role, webrtcConnected, presence }: Person): string {
  if (webrtcConnected) return `${roleWords[role]} · in the meeting now`;
  return presence === "invited" && role !== "host"
    ? `${roleWords[role]} · invited`
    : roleWords[role];
}
