import { useEffect, useState, useSyncExternalStore } from "react";
import { MeetingAccess } from "./media/access.ts";
import { browserEnvironment } from "./media/environment.ts";
import type { LocalMedia } from "./media/local/localMedia.ts";
import { RoomConnection } from "./media/roomConnection.ts";
import type { RoomView } from "./media/roomView.ts";
import type { MeetingContext } from "./parts/meetingTypes.ts";

/** The connection to the meeting's room for as long as the component is shown. */
export function useRoomConnection(
  { api, baseUrl, meetingId }: MeetingContext,
  local: LocalMedia,
  mayPublish: boolean,
): [RoomConnection, RoomView] {
  const [connection] = useState(
    () =>
      new RoomConnection({
        env: browserEnvironment,
        access: new MeetingAccess({ api, baseUrl, meetingId }),
        local,
        clientId: randomId(),
        mayPublish,
      }),
  );
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

/** `crypto.randomUUID` is not there on pages without https. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
