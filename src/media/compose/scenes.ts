import type { RecordingLayout } from "../../core/recording.ts";
import type { SpeakerTurn } from "../format/activeSpeaker.ts";
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
  const floor = new Floor(timeline.speakers);
  for (const fromMs of boundaries(timeline)) {
    const visible = timeline.participants
      .filter((one) => isPresent(one, fromMs))
      .map(({ id }) => id);
    const tiles = arrange(layout, visible, floor.featuredAt(fromMs, visible), canvas);
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

/** Who is featured; times must not go back. */
class Floor {
  #turns: SpeakerTurn[];
  #next = 0;
  /** Everyone who had the floor, the latest first. */
  #recent: string[] = [];

  constructor(turns: SpeakerTurn[]) {
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
