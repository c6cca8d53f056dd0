import { ConnvoClient, type SignedIn } from "../connvoClient.ts";
import type { ConnvoServer } from "../connvoServer.ts";
import { type Client, type Meeting, openSocket } from "./sockets.ts";

const watched = "meetings/queries:listMeetingParticipants";
const toggled = "realtime/batchedOperations:batchUpdatePresence";

interface Place {
  meetingId: string;
  people: readonly SignedIn[];
}

/** Meetings with these many people, made before anything is measured. */
export async function makeMeetings(
  server: ConnvoServer,
  { meetings, people: count }: { meetings: number; people: number },
): Promise<Place[]> {
  const client = new ConnvoClient(server.url);
  const people = await Promise.all(
    Array.from({ length: count }, (_, index) => client.signIn(`Person ${index}`)),
  );
  const ids = await Promise.all(
    people.map((one) => client.call<{ _id: string }>("users/queries:getCurrentUser", {}, one)),
  );
  const places: Place[] = [];
  for (let index = 0; index < meetings; index++) {
    // A limit of each person's: they take turns.
    const host = people[index % count];
    if (!host) throw new RangeError("nobody is there");
    const { meetingId } = await client.call<{ meetingId: string }>(
      "meetings/lifecycle:createMeeting",
      { title: `Meeting ${index}`, maxParticipants: count },
      host,
    );
    const participants = ids.map(({ _id: userId }) => ({ userId, role: "participant" }));
    await client.call(
      "meetings/lifecycle:addMultipleParticipants",
      { meetingId, participants },
      host,
    );
    await client.call("meetings/lifecycle:startMeeting", { meetingId }, host);
    places.push({ meetingId, people: [host, ...people.filter((one) => one !== host)] });
  }
  return places;
}

/** A client for each person, who watches who is in the meeting. */
export function openMeeting(server: ConnvoServer, place: Place): Promise<Meeting> {
  return Promise.all(place.people.map((person) => openClient(server, place.meetingId, person)));
}

let sessions = 0;

async function openClient(
  { url }: ConnvoServer,
  meetingId: string,
  { token }: SignedIn,
): Promise<Client> {
  const address = `${url.replace("http", "ws")}/api/1.48.0/sync`;
  const { socket, next } = await openSocket(address, (text) => text.includes('"QueryUpdated"'));
  const send = (message: object) => socket.send(JSON.stringify(message));
  const sessionId = `00000000-0000-4000-8000-${String(++sessions).padStart(12, "0")}`;
  const modifications = [{ type: "Add", queryId: 0, udfPath: watched, args: [{ meetingId }] }];
  const first = next();
  send({ type: "Connect", sessionId, connectionCount: 0, lastCloseReason: null });
  send({ type: "Authenticate", baseVersion: 0, tokenType: "User", value: token });
  send({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications });
  await first;
  let requestId = 0;
  return {
    next,
    change: () => {
      const presence = requestId % 2 === 0 ? "joined" : "left";
      const args = [{ meetingId, presence }];
      send({ type: "Mutation", requestId: requestId++, udfPath: toggled, args });
    },
  };
}
