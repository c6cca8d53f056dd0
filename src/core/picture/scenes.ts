import type { MediaSource } from "../media.ts";
import type { RecordingLayout } from "../recording.ts";
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
  const attendances = cast.participants.map((member) => new Attendance(member));
  for (const fromMs of boundaries(cast)) {
    const present = attendances.filter((one) => one.isPresent(fromMs));
    const people = present
      .filter(({ member }) => member.source === "camera")
      .map(({ member }) => member.id);
    const speaker = floor.featuredAt(fromMs, people);
    const tiles = arrange(layout, { people, speaker, screen: newestScreen(present) }, canvas);
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
function newestScreen(present: Attendance[]): string | undefined {
  const screens = present.filter(({ isScreen }) => isScreen);
  return screens.sort((a, b) => a.sinceMs - b.sinceMs).at(-1)?.member.id;
}

/** When somebody is there; times must not go back. */
class Attendance {
  readonly member: CastMember;
  /** Its picture is a screen's. */
  readonly isScreen: boolean;
  #over = 0;

  constructor(member: CastMember) {
    this.member = member;
    const { source, tracks } = member;
    this.isScreen = source === "screen" && tracks.some(({ kind }) => kind === "video");
  }

  /** Since when they have been there, ms. */
  get sinceMs(): number {
    return this.member.presence[this.#over]?.fromMs ?? 0;
  }

  isPresent(ms: number): boolean {
    const { presence } = this.member;
    while ((presence[this.#over]?.toMs ?? Number.POSITIVE_INFINITY) <= ms) this.#over++;
    return (presence[this.#over]?.fromMs ?? Number.POSITIVE_INFINITY) <= ms;
  }
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
