import type { PersonView, RoomView } from "../media/roomView.ts";

/** One picture of the stage. */
export interface TileView {
  key: string;
  kind: "camera" | "screen";
  person: PersonView;
  name: string;
  speaking: boolean;
}

export interface StageView {
  /** Shown large; empty unless somebody shares a screen. */
  screens: TileView[];
  cameras: TileView[];
}

/** Who and what is to be seen: screens large, and everybody, in order of arrival and oneself last. */
export function stageOf({ people, speaker }: Pick<RoomView, "people" | "speaker">): StageView {
  const others = people.filter(({ isSelf }) => !isSelf);
  const ordered = [...others, ...people.filter(({ isSelf }) => isSelf)];
  const screens = ordered
    .filter(({ screen }) => screen?.video === true)
    .map((person) => tile(person, "screen", false));
  const cameras = ordered
    .filter(({ role, camera }) => role !== "observer" || camera !== undefined)
    .map((person) => tile(person, "camera", person.userId === speaker));
  return { screens, cameras };
}

/** Columns for that many pictures of 16:9 on a wide stage. */
export function columnsFor(count: number): number {
  if (count <= 1) return 1;
  if (count <= 4) return 2;
  return count <= 9 ? 3 : 4;
}

function tile(person: PersonView, kind: TileView["kind"], speaking: boolean): TileView {
  const { userId, name, isSelf } = person;
  const shown = isSelf ? `${name} (you)` : name;
  const screen = isSelf ? "Your screen" : `${name}'s screen`;
  return {
    key: `${userId}/${kind}`,
    kind,
    person,
    name: kind === "screen" ? screen : shown,
    speaking,
  };
}
