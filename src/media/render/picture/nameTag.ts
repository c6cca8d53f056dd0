import { even, evenPosition, type Size } from "../../../core/picture/geometry.ts";
import type { TimelineParticipant } from "../../format/timeline/timeline.ts";
import { theme, type Yuv } from "./colour.ts";
import { displayName, initials } from "./displayName.ts";
import { Overlay, roundedMask } from "./overlay.ts";
import type { TextPainter } from "./textPainter.ts";

type Nameable = Pick<TimelineParticipant, "id" | "userId" | "source" | "name">;

interface Person {
  name: string;
  colour: Yuv;
}

/** Draws what a tile shows of a participant besides video: a name tag, and a disc with initials. Cached per size. */
export class NameTags {
  #painter: TextPainter;
  #canvasHeight: number;
  #people = new Map<string, Person>();
  #tags = new Map<string, Overlay>();
  #avatars = new Map<string, Overlay>();

  constructor(painter: TextPainter, canvas: Size, participants: Nameable[]) {
    this.#painter = painter;
    this.#canvasHeight = canvas.height;
    const users = [...new Set(participants.map(({ userId }) => userId))];
    for (const { id, userId, source, name } of participants) {
      const index = users.indexOf(userId);
      const colour = theme.avatars[index % theme.avatars.length] ?? theme.label;
      const drawable = displayName(name, painter.coverage, `Participant ${index + 1}`);
      const shown = source === "screen" ? `${drawable}'s screen` : drawable;
      this.#people.set(id, { name: shown, colour });
    }
  }

  /** The name on a dark, half transparent plate, for the lower left corner of a tile of this size. */
  tag(participant: string, tile: Size): Overlay {
    const key = `${participant} ${tile.width}x${tile.height}`;
    const known = this.#tags.get(key);
    if (known) return known;
    const made = this.#drawTag(this.#person(participant).name, tile);
    this.#tags.set(key, made);
    return made;
  }

  /** A disc with the initials, for the middle of a tile of this size. */
  avatar(participant: string, tile: Size): Overlay {
    const key = `${participant} ${tile.width}x${tile.height}`;
    const known = this.#avatars.get(key);
    if (known) return known;
    const made = this.#drawAvatar(this.#person(participant), tile);
    this.#avatars.set(key, made);
    return made;
  }

  #person(participant: string): Person {
    return this.#people.get(participant) ?? { name: participant, colour: theme.label };
  }

  #drawTag(name: string, tile: Size): Overlay {
    const fontPx = this.#tagFontPx(tile);
    const padding = evenPosition(fontPx * 0.6);
    const text = this.#painter.line(name, fontPx, tile.width - 4 * padding);
    const width = even(Math.min(text.width + 2 * padding + 1, tile.width));
    const height = even(Math.min(text.height + 2, tile.height));
    return new Overlay(width, height)
      .paint(roundedMask(width, height, Math.round(height / 5)), { x: 0, y: 0 }, theme.label, 0.6)
      .paint(text, { x: padding, y: 0 }, theme.text, 0.96);
  }

  #drawAvatar({ name, colour }: Person, tile: Size): Overlay {
    const diameter = even(tile.height * 0.42);
    const fontPx = Math.max(6, Math.round(diameter * 0.4));
    const text = this.#painter.line(initials(name), fontPx, diameter);
    // Capitals are 0.73 em high above the baseline, which is 1.1 em below the mask's top.
    const capitalsMiddle = fontPx * (1.1 - 0.73 / 2);
    const x = Math.round((diameter - text.width) / 2);
    const y = Math.round(diameter / 2 - capitalsMiddle);
    return new Overlay(diameter, diameter)
      .paint(roundedMask(diameter, diameter, diameter / 2), { x: 0, y: 0 }, colour)
      .paint(text, { x, y }, theme.text);
  }

  /** Readable on a thumbnail, modest on a full picture. */
  #tagFontPx(tile: Size): number {
    const wanted = Math.max(tile.height * 0.05, this.#canvasHeight / 65, 9);
    return Math.round(Math.min(wanted, this.#canvasHeight / 36));
  }
}
