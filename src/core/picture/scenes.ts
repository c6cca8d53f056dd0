import type { MediaSource, RecordingLayout } from "../recording.ts";
import type { Rect, Size } from "./geometry.ts";
import { tileRects } from "./layout.ts";

/** Who can be seen in a recording and when; times are ms of recorded time. */
export interface Cast {
  durationMs: number;
  /** In order of appearance. */
  participants: readonly CastMember[];
  /** Who takes the floor, ascending. */
  speakers: readonly Turn[];
}

export interface CastMember {
  id: string;
  source: MediaSource;
  presence: readonly { fromMs: number; toMs: number }[];
  tracks: readonly { kind: "audio" | "video" }[];
}

interface Turn {
  atMs: number;
  participant: string;
}

export interface SceneTile {
  participant: string;
  rect: Rect;
}

/** Who is where from `fromMs` on. */
export interface Scene {
  fromMs: number;
  tiles: SceneTile[];
}

/** All scenes of a recording, ascending, the first at zero; neighbours differ. Pure. */
export function scenesOf(cast: Cast, layout: RecordingLayout, canvas: Size): Scene[] {
  const scenes: Scene[] = [];
  const floor = new Floor(cast.speakers);
  for (const fromMs of boundaries(cast)) {
    const present = cast.participants.filter((one) => isPresent(one, fromMs));
    const people = present.filter(({ source }) => source === "camera").map(({ id }) => id);
    const speaker = floor.featuredAt(fromMs, people);
    const tiles = arrange(
      layout,
      { people, speaker, screen: newestScreen(present, fromMs) },
      canvas,
    );
    const before = scenes.at(-1);
    if (!before || !sameTiles(before.tiles, tiles)) scenes.push({ fromMs, tiles });
  }
  return scenes;
}

function boundaries({ participants, speakers, durationMs }: Cast): number[] {
  const presence = participants.flatMap((one) => one.presence);
  const times = [
    0,
    ...presence.flatMap(({ fromMs, toMs }) => [fromMs, toMs]),
    ...speakers.map(({ atMs }) => atMs),
  ];
  const inside = times.filter((ms) => ms >= 0 && ms < durationMs);
  return [...new Set(inside)].sort((a, b) => a - b);
}

/** What of a screen can be seen: its sound alone needs no tile. */
function newestScreen(present: CastMember[], ms: number): string | undefined {
  const begun = ({ presence }: CastMember) =>
    presence.findLast(({ fromMs }) => fromMs <= ms)?.fromMs ?? 0;
  const screens = present.filter(
    ({ source, tracks }) => source === "screen" && tracks.some(({ kind }) => kind === "video"),
  );
  return screens.sort((a, b) => begun(a) - begun(b)).at(-1)?.id;
}

function isPresent({ presence }: CastMember, ms: number): boolean {
  return presence.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
}

/** Who is featured; times must not go back. */
class Floor {
  #turns: readonly Turn[];
  #next = 0;
  /** Everyone who had the floor, the latest first. */
  #recent: string[] = [];

  constructor(turns: readonly Turn[]) {
    this.#turns = turns;
  }

  /** The last who took the floor and is still there, else the first who came. */
  featuredAt(ms: number, visible: string[]): string | undefined {
    for (let turn = this.#turns[this.#next]; turn && turn.atMs <= ms; ) {
      const { participant } = turn;
      this.#recent = [participant, ...this.#recent.filter((one) => one !== participant)];
      turn = this.#turns[++this.#next];
    }
    return this.#recent.find((one) => visible.includes(one)) ?? visible[0];
  }
}

interface Visible {
  /** Ids in order of appearance. */
  people: string[];
  speaker: string | undefined;
  /** The screen that is shared; of several the one shared last. */
  screen: string | undefined;
}

/** A shared screen is what the meeting looks at: it takes the large place in every layout. */
function arrange(
  layout: RecordingLayout,
  { people, speaker, screen }: Visible,
  canvas: Size,
): SceneTile[] {
  const others = people.filter((id) => id !== speaker);
  const speakerFirst = speaker === undefined ? others : [speaker, ...others];
  const inOrder = layout === "grid" ? people : speakerFirst;
  const order = screen === undefined ? inOrder : [screen, ...inOrder];
  const shown = screen !== undefined && layout === "grid" ? "spotlight" : layout;
  return tileRects(shown, order.length, canvas).map((rect, index) => ({
    participant: order[index] ?? "",
    rect,
  }));
}

function sameTiles(a: SceneTile[], b: SceneTile[]): boolean {
  const key = (tiles: SceneTile[]) =>
    tiles.map(({ participant, rect }) => [participant, rect.x, rect.y, rect.width, rect.height]);
  return JSON.stringify(key(a)) === JSON.stringify(key(b));
}

/** Walks through scenes; times must not go back. */
export class SceneWalk {
  #scenes: Scene[];
  #index = 0;

  constructor(scenes: Scene[]) {
    this.#scenes = scenes;
  }

  at(ms: number): Scene | undefined {
    while ((this.#scenes[this.#index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) <= ms) this.#index++;
    return this.#scenes[this.#index];
  }
}
