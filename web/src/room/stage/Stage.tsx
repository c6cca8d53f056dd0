import { type CSSProperties, useEffect, useMemo, useState } from "react";
import { Button } from "../../ui/Button.tsx";
import { isSending } from "../media/local/localMedia.ts";
import type { MeetingConnection } from "../media/meetingConnection.ts";
import type { PersonView } from "../media/roomView.ts";
import { AudioView } from "../parts/MediaView.tsx";
import { useLocalState } from "../parts/useLocalMedia.ts";
import { useStream } from "../parts/useStream.ts";
import { useRoom } from "../state/roomContext.ts";
import { SlotWatcher } from "./slotWatcher.ts";
import { Tile } from "./Tile.tsx";
import { columnsFor, stageOf } from "./tiles.ts";

/** Everybody's pictures, shared screens large, and the sound of all. */
export function Stage() {
  const { room, connection, local } = useRoom();
  const watcher = useWatcher(connection);
  const { camera } = useLocalState(local);
  const ownCamera = useStream(isSending(camera) ? camera.track : undefined);
  const ownScreen = useStream(room.sharedTrack);
  const { screens, cameras } = stageOf(room);
  const columns = { "--columns": columnsFor(cameras.length) } as CSSProperties;
  const presenting = screens.length > 0;
  return (
    <section className={`stage${presenting ? " stage--presenting" : ""}`} aria-label="People">
      {presenting && (
        <ul className="stage__screens">
          {screens.map((tile) => (
            <Tile key={tile.key} tile={tile} own={ownScreen} watcher={watcher} />
          ))}
        </ul>
      )}
      <ul className="stage__people" style={columns} data-count={cameras.length}>
        {cameras.map((tile) => (
          <Tile key={tile.key} tile={tile} own={ownCamera} watcher={watcher} />
        ))}
      </ul>
      <Sound people={room.people} />
    </section>
  );
}

function useWatcher(connection: MeetingConnection): SlotWatcher {
  const watcher = useMemo(
    () => new SlotWatcher((slots) => connection.wantVideo(slots)),
    [connection],
  );
  useEffect(() => {
    watcher.open();
    return () => watcher.close();
  }, [watcher]);
  return watcher;
}

/** Everybody else, also those who are not in sight. */
function Sound({ people }: { people: readonly PersonView[] }) {
  // A new number makes new elements, which try to play again.
  const [attempt, setAttempt] = useState(0);
  const [blocked, setBlocked] = useState(false);
  const onBlocked = useMemo(() => () => setBlocked(true), []);
  const allow = () => {
    setBlocked(false);
    setAttempt((last) => last + 1);
  };
  const streams = people.flatMap(({ camera, screen }) =>
    [camera, screen].flatMap((publication) => publication?.received?.audio ?? []),
  );
  return (
    <div className="sound">
      {streams.map((stream) => (
        <AudioView key={`${stream.id} ${attempt}`} stream={stream} onBlocked={onBlocked} />
      ))}
      {blocked && (
        <Button look="primary" onClick={allow}>
          Turn the sound on
        </Button>
      )}
    </div>
  );
}
