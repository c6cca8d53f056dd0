import { api } from "../../generated/api.ts";
import { Person } from "./person.ts";

/** Everybody of the demo, the host first. */
const names = ["Alice", "Bob", "Carol", "Dan", "Erin", "Frank", "Grace", "Heidi"];

export interface DemoMeeting {
  meetingId: string;
  roomId: string;
  host: Person;
  people: readonly Person[];
}

/** Signs everybody in, creates a meeting, brings them in and starts it. */
export async function holdMeeting(
  url: string,
  participants: number,
  signal: AbortSignal,
): Promise<DemoMeeting> {
  const host = await Person.signIn(url, names[0] ?? "Alice", signal);
  const guests = await Promise.all(
    names.slice(1, participants).map((name) => Person.signIn(url, name, signal)),
  );
  const people = [host, ...guests];
  const { lifecycle } = api.meetings;
  const { meetingId } = await host.mutation(lifecycle.createMeeting, {
    title: "Connvo demo",
    maxParticipants: Math.max(2, participants),
    recordingEnabled: true,
  });
  await invite(host, guests, meetingId);
  await host.mutation(lifecycle.startMeeting, { meetingId });
  for (const person of people) await person.mutation(lifecycle.joinMeeting, { meetingId });
  return { meetingId, roomId: await roomOf(host, meetingId), host, people };
}

/** One invite for all guests, because they have no account that could be added before they sign in. */
async function invite(host: Person, guests: readonly Person[], meetingId: string): Promise<void> {
  if (guests.length === 0) return;
  const { createInvite, acceptInvite } = api.meetings.invites;
  const { secret } = await host.mutation(createInvite, { meetingId, maxUses: guests.length });
  await Promise.all(guests.map((guest) => guest.mutation(acceptInvite, { secret })));
}

async function roomOf(person: Person, meetingId: string): Promise<string> {
  const { getMeetingConnectionInfo } = api.meetings.lifecycle;
  const { connectionInfo } = await person.mutation(getMeetingConnectionInfo, { meetingId });
  return connectionInfo.roomId ?? "";
}

/** A token for the person's place in the meeting's room. */
export async function roomToken(person: Person, meetingId: string): Promise<string> {
  const { generateParticipantTokenPublic } = api.meetings.stream.index;
  return (await person.action(generateParticipantTokenPublic, { meetingId })).token;
}
