import {
  applyChange,
  applyOperations,
  changeBetween,
  movedOver,
  type NoteOperation,
  operationsOf,
  type TextChange,
} from "./textChange.ts";

/** The text as the server has it. `sequence` is that of the last operation in it. */
export interface ServerText {
  content: string;
  sequence: number;
  version: number;
}

/** An operation under an id of its own, so that it is carried out once however often it is sent. */
export type SentOperation = NoteOperation & { id: string; sequence: number };

/** What has to outlast the window: what was typed and has not arrived. Plain data. */
export interface SavedNotes {
  /** Under which name of this client it was sent. */
  clientId: string;
  /** The server's text that the rest is relative to. */
  base: ServerText;
  /** What was sent and is not known to have arrived; relative to `base`. */
  sent: SentOperation[];
  /** The text as it is shown. */
  text: string;
}

/** Sends operations. @returns the notes' version with them in it, and ids of those that could not be carried out */
export type SendOperations = (
  clientId: string,
  operations: readonly SentOperation[],
) => Promise<{ version: number; failed: ReadonlySet<string> }>;

export interface NoteSyncOptions {
  send: SendOperations;
  newId: () => string;
  /** Keeps what has to outlast the window; undefined = everything has arrived. */
  save: (saved: SavedNotes | undefined) => void;
  /** Tells that the text is another, and by which change where it was somebody else's. */
  onChange: (remote: TextChange | undefined) => void;
}

/** Operations of one call, as the server takes them. */
const mostOperations = 200;

/**
 * Notes that several write: what is typed here is sent, one call at a time, and what others write is taken in, without either
 * losing a character. It knows the server's text, what was sent of it, and the text that is shown, and no operation of others.
 */
export class NoteSync {
  readonly #options: NoteSyncOptions;
  #clientId: string;
  #base: ServerText | undefined;
  /** The newest that has come, which may have to wait for the answer to what was sent. */
  #latest: ServerText | undefined;
  #sent: SentOperation[] = [];
  /** What was sent has arrived: the text with it, and from which version on the server's has it. */
  #arrived: { text: string; version: number } | undefined;
  #text: string;
  #sending = false;

  constructor(options: NoteSyncOptions, saved?: SavedNotes) {
    this.#options = options;
    this.#clientId = saved?.clientId ?? options.newId();
    this.#base = saved?.base;
    this.#sent = saved?.sent ?? [];
    this.#text = saved?.text ?? "";
  }

  get text(): string {
    return this.#text;
  }

  /** There is a text: the server's, or one that was kept. */
  get ready(): boolean {
    return this.#base !== undefined;
  }

  /** Everything that was typed is in the server's text. */
  get settled(): boolean {
    return !this.#sending && this.#sent.length === 0 && !this.#isChanged;
  }

  get #isChanged(): boolean {
    return this.#base !== undefined && this.#text !== this.#base.content;
  }

  /** Somebody types here. */
  edit(text: string): void {
    if (this.#base === undefined || text === this.#text) return;
    this.#text = text;
    this.#save();
    this.#options.onChange(undefined);
  }

  /** The server's text has come. What is older than what is known is left out. */
  receive(latest: ServerText): void {
    if (this.#latest && latest.sequence < this.#latest.sequence) return;
    this.#latest = latest;
    this.#takeIn();
  }

  /**
   * Sends what has not arrived; nothing where that is under way.
   * @throws what `send` throws; the same is sent again then, under the same ids
   */
  async send(): Promise<void> {
    if (this.#sending || this.#arrived || !this.#base) return;
    if (this.#sent.length === 0) this.#sent = this.#unsent(this.#base);
    if (this.#sent.length === 0) return;
    this.#sending = true;
    this.#save();
    try {
      const { version, failed } = await this.#options.send(this.#clientId, this.#sent);
      // Behind one that failed all have.
      const done = this.#sent.filter(({ id }) => !failed.has(id));
      this.#arrived = { text: applyOperations(this.#base.content, done), version };
      // What has failed stays in the queue of that name, and would stand before whatever is made of the same text.
      if (failed.size > 0) this.#clientId = this.#options.newId();
    } finally {
      this.#sending = false;
    }
    this.#takeIn();
  }

  #unsent({ content, sequence }: ServerText): SentOperation[] {
    const all = operationsOf(changeBetween(content, this.#text));
    const { newId } = this.#options;
    return all.slice(0, mostOperations).map((one) => ({ ...one, id: newId(), sequence }));
  }

  /** Goes over to the newest text, once it is known what of ours is in it. */
  #takeIn(): void {
    const latest = this.#latest;
    if (latest === undefined || this.#sending) return;
    if (this.#base === undefined) {
      this.#base = latest;
      this.#text = latest.content;
      this.#options.onChange([]);
      return;
    }
    if (this.#sent.length > 0) {
      // Both are known to whoever was answered: nothing can be told of a text of before.
      if (this.#arrived === undefined || latest.version < this.#arrived.version) return;
    }
    const ours = this.#arrived?.text ?? this.#base.content;
    this.#sent = [];
    this.#arrived = undefined;
    const theirs = changeBetween(ours, latest.content);
    const mine = changeBetween(ours, this.#text);
    this.#base = latest;
    const before = this.#text;
    // What others did, as a change of the text that is shown. At one place theirs is behind: whoever types goes on in one piece.
    const shown = movedOver(theirs, mine, "right");
    this.#text = applyChange(latest.content, movedOver(mine, theirs, "left"));
    this.#save();
    if (this.#text !== before) this.#options.onChange(shown);
  }

  #save(): void {
    if (this.#base === undefined) return;
    const { save } = this.#options;
    if (this.#sent.length === 0 && !this.#isChanged) save(undefined);
    else save({ clientId: this.#clientId, base: this.#base, sent: this.#sent, text: this.#text });
  }
}
