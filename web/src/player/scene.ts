import { type Rect, tileRects } from "./layout.ts";
import type { Playback } from "./playback.ts";

export interface Tile {
  participantId: string;
  name: string;
  rect: Rect;
  speaking: boolean;
}

export interface Scene {
  tiles: Tile[];
  /** Whose turn it is; undefined while nobody who is there has spoken. */
  caption: string | undefined;
}

/** Who is where at a time of the recording, ms, and who speaks. */
export function sceneAt(playback: Playback, atMs: number): Scene {
  const present = playback.participants.filter(({ presence }) =>
    presence.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs),
  );
  const ids = present.map(({ id }) => id);
  const turns = playback.speakers.filter((turn) => turn.atMs <= atMs).reverse();
  const floor = turns.find(({ participantId }) => ids.includes(participantId))?.participantId;
  const current = turns[0]?.participantId;
  const screen = present.find(({ source }) => source === "screen")?.id;
  const first = screen ?? (playback.layout === "grid" ? undefined : (floor ?? ids[0]));
  const ordered = first === undefined ? ids : [first, ...ids.filter((id) => id !== first)];
  const rects = tileRects(playback.layout, ordered.length, screen !== undefined);
  const nameOf = (id: string) => present.find((one) => one.id === id)?.name ?? id;
  return {
    tiles: rects.map((rect, index) => {
      const participantId = ordered[index] ?? "";
      return {
        participantId,
        name: nameOf(participantId),
        rect,
        speaking: participantId === current,
      };
    }),
    caption: current !== undefined && ids.includes(current) ? nameOf(current) : undefined,
  };
}
