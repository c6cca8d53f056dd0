import { useEffect, useRef } from "react";
import { VisuallyHidden } from "../../ui/VisuallyHidden.tsx";
import { Avatar } from "../parts/Avatar.tsx";
import { Icon } from "../parts/Icon.tsx";
import { VideoView } from "../parts/MediaView.tsx";
import type { SlotWatcher } from "./slotWatcher.ts";
import type { TileView } from "./tiles.ts";

export interface TileProps {
  tile: TileView;
  /** The own camera or screen, which does not come back from the room. */
  own: MediaStream | undefined;
  watcher: SlotWatcher;
}

/** Somebody's camera or screen with their name, and whether they can be heard. */
export function Tile({ tile, own, watcher }: TileProps) {
  const { kind, person, name, speaking } = tile;
  const publication = person[kind];
  const element = useRef<HTMLLIElement>(null);
  const slot = publication?.slot;
  useEffect(() => {
    if (element.current === null || slot === undefined) return;
    return watcher.watch(element.current, slot);
  }, [watcher, slot]);
  const stream = person.isSelf ? own : streamOf(publication);
  const spared = !person.isSelf && publication?.video === true && publication.paused;
  const muted = kind === "camera" && publication?.audio !== true;
  const mirrored = person.isSelf && kind === "camera";
  return (
    <li
      ref={element}
      className={`tile tile--${kind}${speaking ? " tile--speaking" : ""}`}
      aria-label={name}
    >
      {stream === undefined ? (
        <div className="tile__stead">
          <Avatar name={person.name} />
          {spared && <p>paused to save your connection</p>}
        </div>
      ) : (
        <VideoView
          key={stream.id}
          stream={stream}
          label={`Picture of ${name}`}
          className={mirrored ? "mirrored" : ""}
        />
      )}
      <p className="tile__name">
        {muted && <Icon name="microphoneOff" />}
        <span>{name}</span>
        {muted && <VisuallyHidden>, muted</VisuallyHidden>}
        {kind === "camera" && stream === undefined && !spared && (
          <VisuallyHidden>, camera off</VisuallyHidden>
        )}
        {speaking && <VisuallyHidden>, speaking</VisuallyHidden>}
      </p>
    </li>
  );
}

function streamOf(publication: TileView["person"]["camera"]): MediaStream | undefined {
  const shown = publication?.video === true && !publication.paused;
  return shown ? publication.received?.video : undefined;
}
