import { initialsOf } from "../words/initials.ts";
import { canvas, type Tile } from "./scene.ts";
import type { PlaybackTrack } from "./sources/playback.ts";

/** Where the recording is shown: tiles as the finished file has them, or that file, and captions above either. */
export class Stage {
  readonly #root: HTMLElement;
  readonly #tiles = new Map<string, HTMLElement>();
  readonly #caption: HTMLElement;
  readonly #file: HTMLElement;
  readonly #sounds: HTMLElement;

  constructor(parent: ParentNode) {
    const style = document.createElement("style");
    style.textContent = styles;
    this.#root = part("stage");
    this.#file = part("file");
    this.#sounds = part("sounds");
    this.#caption = part("caption");
    this.#root.append(this.#file, this.#caption, this.#sounds);
    parent.append(style, this.#root);
  }

  /** An element for a track: a picture goes into its participant's tile. */
  place({ kind, participantId }: PlaybackTrack): HTMLMediaElement {
    const element = document.createElement(kind);
    element.dataset["participant"] = participantId;
    if (element instanceof HTMLVideoElement) element.playsInline = true;
    if (kind === "audio") this.#sounds.append(element);
    else this.#tileOf(participantId).prepend(element);
    return element;
  }

  /** An element for the finished file; not to be seen until `showFile`. */
  placeFile(): HTMLVideoElement {
    const element = document.createElement("video");
    element.playsInline = true;
    this.#file.append(element);
    return element;
  }

  showFile(): void {
    this.#root.classList.add("finished");
  }

  show(tiles: readonly Tile[], caption = ""): void {
    const shown = new Set(tiles.map((tile) => tile.participant));
    for (const [id, element] of this.#tiles) element.hidden = !shown.has(id);
    for (const tile of tiles) arrange(this.#tileOf(tile.participant), tile);
    write(this.#caption, caption);
    this.#caption.hidden = caption === "";
  }

  #tileOf(participantId: string): HTMLElement {
    const known = this.#tiles.get(participantId);
    if (known) return known;
    const tile = part("tile");
    tile.append(part("initials"), part("name"));
    tile.hidden = true;
    this.#tiles.set(participantId, tile);
    this.#root.prepend(tile);
    return tile;
  }
}

function part(name: string): HTMLElement {
  const element = document.createElement("div");
  element.className = name;
  element.setAttribute("part", name);
  return element;
}

function arrange(element: HTMLElement, { rect, name, speaking, off }: Tile): void {
  element.hidden = false;
  const percent = (share: number, of: number) => `${(100 * share) / of}%`;
  const { style } = element;
  style.left = percent(rect.x, canvas.width);
  style.top = percent(rect.y, canvas.height);
  style.width = percent(rect.width, canvas.width);
  style.height = percent(rect.height, canvas.height);
  element.classList.toggle("speaking", speaking);
  element.classList.toggle("off", off);
  write(element.querySelector(".name"), name);
  write(element.querySelector(".initials"), initialsOf(name));
}

function write(element: Element | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

const styles = `
/* The controls around it set a line height of zero, and cover the lower edge. */
:host { display: block; position: relative; line-height: 1.3; }
.stage { position: absolute; inset: 0; margin: auto; aspect-ratio: 16 / 9; max-width: 100%; max-height: 100%;
  overflow: hidden; background: var(--stage, #14161b); color: var(--on-stage, #f2f4f8); container-type: size; }
.tile { position: absolute; overflow: hidden; border-radius: 1.2cqh; background: #2a2f3a; display: grid; place-items: center; }
.tile[hidden], .caption[hidden] { display: none; }
.tile video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; background: #000; }
.tile.off video { visibility: hidden; }
.tile.speaking { outline: 0.5cqh solid #8fb4ff; outline-offset: -0.5cqh; }
.initials { font-size: 9cqh; font-weight: 600; text-transform: uppercase; }
.name { position: absolute; left: 1cqh; bottom: 1cqh; max-width: calc(100% - 2cqh); box-sizing: border-box; overflow: hidden;
  padding: 0.4cqh 1.2cqh; border-radius: 0.8cqh; background: rgb(0 0 0 / 60%); font-size: max(3cqh, 11px);
  white-space: nowrap; text-overflow: ellipsis; unicode-bidi: plaintext; }
.file { position: absolute; inset: 0; visibility: hidden; }
.file video { width: 100%; height: 100%; }
.finished .file { visibility: visible; background: #000; }
.sounds { display: none; }
.caption { position: absolute; left: 50%; bottom: max(11cqh, 6rem); transform: translateX(-50%); max-width: 90%; padding: 0.6cqh 1.8cqh;
  width: max-content; box-sizing: border-box; border-radius: 0.8cqh; background: rgb(0 0 0 / 80%); font-size: max(4cqh, 13px);
  white-space: pre-line; overflow-wrap: anywhere; unicode-bidi: plaintext; }
`;
