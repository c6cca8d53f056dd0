import { canvasSize, type Size } from "../../../src/core/picture/geometry.ts";
import { type SceneTile, scenesOf } from "../../../src/core/picture/scenes.ts";
import type { Playback } from "./sources/playback.ts";

/** What tiles are placed on, px. */
export const canvas: Size = canvasSize("720p");

export interface Tile extends SceneTile {
  name: string;
  speaking: boolean;
  /** The camera is off: initials, whatever picture there was last. */
  off: boolean;
}

export interface Scene {
  tiles: Tile[];
  /** Name of whose turn it is; undefined while nobody who is there has spoken. */
  speaker: string | undefined;
}

/** Who is where at a time of the recording, as in its finished file, so that nothing jumps when that takes over. */
export class Scenes {
  readonly #playback: Playback;
  readonly #scenes: ReturnType<typeof scenesOf>;
  readonly #names: ReadonlyMap<string, string>;

  constructor(playback: Playback) {
    this.#playback = playback;
    this.#scenes = scenesOf(castOf(playback), playback.layout, canvas);
    this.#names = new Map(playback.participants.map(({ id, name }) => [id, name]));
  }

  /** `atMs` is recorded time. */
  at(atMs: number): Scene {
    const turn = this.#playback.speakers.findLast((one) => one.atMs <= atMs);
    const speakerId = turn?.participantId;
    const tiles = this.#scenes.findLast(({ fromMs }) => fromMs <= atMs)?.tiles ?? [];
    return {
      tiles: tiles.map((tile) => ({
        ...tile,
        name: this.#names.get(tile.participant) ?? tile.participant,
        speaking: tile.participant === speakerId,
        off: this.#isOff(tile.participant, atMs),
      })),
      speaker:
        speakerId !== undefined && this.#isThere(speakerId, atMs)
          ? this.#names.get(speakerId)
          : undefined,
    };
  }

  #isOff(participantId: string, atMs: number): boolean {
    const { participants } = this.#playback;
    const off = participants.find(({ id }) => id === participantId)?.off ?? [];
    return off.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
  }

  #isThere(participantId: string, atMs: number): boolean {
    const { participants } = this.#playback;
    const presence = participants.find(({ id }) => id === participantId)?.presence ?? [];
    return presence.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
  }
}

function castOf({ durationMs, participants, tracks, speakers }: Playback) {
  return {
    durationMs,
    participants: participants.map(({ id, source, presence }) => {
      return { id, source, presence, tracks: tracks.filter((one) => one.participantId === id) };
    }),
    speakers: speakers.map(({ atMs, participantId }) => ({ atMs, participant: participantId })),
  };
}
