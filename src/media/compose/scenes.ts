import type { RecordingLayout } from "../../core/recording.ts";
import type { Timeline, TimelineParticipant } from "../format/timeline.ts";
import type { Rect, Size } from "./geometry.ts";
import { tileRects } from "./layout.ts";

export interface SceneTile {
  participant: string;
  rect: Rect;
}

/** Who is where from `fromMs` on. */
export interface Scene {
  fromMs: number;
  tiles: SceneTile[];
}

/** All scenes of a timeline, ascending, the first at zero; neighbours differ. Pure. */
export function scenesOf(timeline: Timeline, layout: RecordingLayout, canvas: Size): Scene[] {
  const scenes: Scene[] = [];
  let featured: string | undefined;
  for (const fromMs of boundaries(timeline)) {
    const visible = timeline.participants
      .filter((one) => isPresent(one, fromMs))
      .map(({ id }) => id);
    featured = featuredAt(timeline, visible, fromMs, featured);
    const tiles = arrange(layout, visible, featured, canvas);
    const before = scenes.at(-1);
    if (!before || !sameTiles(before.tiles, tiles)) scenes.push({ fromMs, tiles });
  }
  return scenes;
}

function boundaries({ participants, speakers, durationMs }: Timeline): number[] {
  const presence = participants.flatMap((one) => one.presence);
  const times = [
    0,
    ...presence.flatMap(({ fromMs, toMs }) => [fromMs, toMs]),
    ...speakers.map(({ atMs }) => atMs),
  ];
  const inside = times.filter((ms) => ms >= 0 && ms < durationMs);
  return [...new Set(inside)].sort((a, b) => a - b);
}

function isPresent({ presence }: TimelineParticipant, ms: number): boolean {
  return presence.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
}

/** The last who took the floor and is still there, else whoever was featured before, else the first to come. */
function featuredAt(
  { speakers }: Timeline,
  visible: string[],
  ms: number,
  before: string | undefined,
): string | undefined {
  const turn = speakers.findLast(
    ({ atMs, participant }) => atMs <= ms && visible.includes(participant),
  );
  if (turn) return turn.participant;
  return before !== undefined && visible.includes(before) ? before : visible[0];
}

function arrange(
  layout: RecordingLayout,
  visible: string[],
  featured: string | undefined,
  canvas: Size,
): SceneTile[] {
  const others = visible.filter((id) => id !== featured);
  const featuredFirst = featured === undefined ? others : [featured, ...others];
  const order = layout === "grid" ? visible : featuredFirst;
  return tileRects(layout, order.length, canvas).map((rect, index) => ({
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
