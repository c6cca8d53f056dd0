import { evenPosition, fitInto, type Rect } from "../../../core/picture/geometry.ts";
import { gapOf } from "../../../core/picture/layout.ts";
import type { Scene, SceneTile } from "../../../core/picture/scenes.ts";
import type { Frame } from "../decode/nodeAv.ts";
import type { Canvas } from "./canvas.ts";
import { theme } from "./colour.ts";
import type { NameTags } from "./nameTag.ts";
import { invertedPart, Overlay, roundedMask } from "./overlay.ts";
import { PictureScaler } from "./pictureScaler.ts";
import type { FeedState } from "./videoFeed.ts";

interface Corner {
  x: number;
  y: number;
  overlay: Overlay;
}

/** Draws scenes on the canvas, only the tiles that changed. */
export class PicturePainter {
  #canvas: Canvas;
  #tags: NameTags;
  #scaler: PictureScaler;
  #radius: number;
  #corners = new Map<string, Corner[]>();
  #scene: Scene | undefined;

  constructor(canvas: Canvas, tags: NameTags) {
    this.#canvas = canvas;
    this.#tags = tags;
    this.#scaler = new PictureScaler(canvas);
    this.#radius = gapOf(canvas);
  }

  /** Brings the canvas up to date; `states` by participant. */
  draw(scene: Scene | undefined, states: Map<string, FeedState>): void {
    const fresh = scene !== this.#scene;
    this.#scene = scene;
    if (fresh) this.#canvas.fill({ x: 0, y: 0, ...this.#canvas }, theme.background);
    for (const tile of scene?.tiles ?? []) {
      const state = states.get(tile.participant);
      if (fresh || state?.changed) this.#drawTile(tile, state?.picture);
    }
  }

  close(): void {
    this.#scaler.close();
  }

  #drawTile({ participant, rect }: SceneTile, picture: Frame | undefined): void {
    const shown = picture && fitInto(picture, rect);
    if (!shown || shown.width < rect.width || shown.height < rect.height)
      this.#canvas.fill(rect, theme.tile);
    if (picture && shown) this.#scaler.draw(picture, shown);
    else this.#drawAvatar(participant, rect);
    this.#drawTag(participant, rect);
    this.#roundCorners(rect);
  }

  #drawAvatar(participant: string, rect: Rect): void {
    const avatar = this.#tags.avatar(participant, rect);
    const x = rect.x + evenPosition((rect.width - avatar.width) / 2);
    const y = rect.y + evenPosition((rect.height - avatar.height) / 2);
    this.#canvas.blend(avatar, x, y);
  }

  #drawTag(participant: string, rect: Rect): void {
    const tag = this.#tags.tag(participant, rect);
    const margin = Math.min(
      evenPosition(rect.height / 30) + 2,
      evenPosition((rect.width - tag.width) / 2),
    );
    this.#canvas.blend(tag, rect.x + margin, rect.y + rect.height - tag.height - margin);
  }

  #roundCorners(rect: Rect): void {
    const whole = rect.width === this.#canvas.width && rect.height === this.#canvas.height;
    if (whole) return;
    for (const { x, y, overlay } of this.#cornersOf(rect))
      this.#canvas.blend(overlay, rect.x + x, rect.y + y);
  }

  #cornersOf({ width, height }: Rect): Corner[] {
    const key = `${width}x${height}`;
    const known = this.#corners.get(key);
    if (known) return known;
    const size = this.#radius;
    const mask = roundedMask(width, height, size);
    const positions = [0, width - size].flatMap((x) => [0, height - size].map((y) => ({ x, y })));
    const made = positions.map(({ x, y }) => {
      const cut = invertedPart(mask, x, y, size);
      const overlay = new Overlay(size, size).paint(cut, { x: 0, y: 0 }, theme.background);
      return { x, y, overlay };
    });
    this.#corners.set(key, made);
    return made;
  }
}
