import { useEffect, useState, useSyncExternalStore } from "react";
import type { Connection } from "../api/client.ts";
import { useConnection } from "../api/liveContext.tsx";
import { MeetingAccess } from "./media/access.ts";
import { browserEnvironment } from "./media/environment.ts";
import type { LocalMedia } from "./media/local/localMedia.ts";
import type { MeetingConnection } from "./media/meetingConnection.ts";
import { apiPeerServer, LiveFeed } from "./media/peers/apiPeers.ts";
import { PeerConnections } from "./media/peers/peerConnections.ts";
import { RoomConnection } from "./media/roomConnection.ts";
import type { RoomView } from "./media/roomView.ts";
import type { MeetingContext } from "./parts/meetingTypes.ts";

export interface ConnectionOptions {
  local: LocalMedia;
  /** False for observers. */
  mayPublish: boolean;
  /** From browser to browser, instead of by a room on the server. */
  peerToPeer: boolean;
}

/** The connection to the others in the meeting for as long as the component is shown. */
export function useRoomConnection(
  context: MeetingContext,
  options: ConnectionOptions,
): [MeetingConnection, RoomView] {
  const live = useConnection();
  const [connection] = useState(() => connectionOf(context, options, live));
  useEffect(() => {
    connection.start();
    const stop = () => connection.stop();
    // Otherwise others would see us until we are missed.
    window.addEventListener("pagehide", stop);
    return () => {
      window.removeEventListener("pagehide", stop);
      stop();
    };
  }, [connection]);
  return [connection, useSyncExternalStore(connection.subscribe, connection.get)];
}

function connectionOf(
  { api, baseUrl, meetingId, self }: MeetingContext,
  { local, mayPublish, peerToPeer }: ConnectionOptions,
  live: Connection,
): MeetingConnection {
  const env = browserEnvironment;
  if (!peerToPeer) {
    const access = new MeetingAccess({ api, baseUrl, meetingId });
    return new RoomConnection({ env, access, local, clientId: randomId(), mayPublish });
  }
  const place = { connection: live, meetingId };
  const [server, feed] = [apiPeerServer(place), new LiveFeed(place)];
  return new PeerConnections({
    env,
    server,
    feed,
    local,
    self,
    mayPublish,
    newSessionId: randomId,
  });
}

/** `crypto.randomUUID` is not there on pages without https. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
