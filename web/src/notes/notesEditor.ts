import { ApiError } from "../api/apiError.ts";
import type { Connection } from "../api/client.ts";
import { functions } from "../api/functions.ts";
import type { Watch } from "../api/watchedQueries.ts";
import { Store } from "../state/store.ts";
import { type KeptNotes, newName } from "./keptNotes.ts";
import { NoteSync, type SentOperation, type ServerText } from "./noteSync.ts";
import type { TextChange } from "./textChange.ts";

/** What is shown of notes. */
export interface NotesView {
  /** Undefined until there is one. */
  text: string | undefined;
  canWrite: boolean;
  /** Whether everything that was typed has arrived. */
  arrived: boolean;
  /** Why it has not, where that is more than a moment. */
  problem: unknown;
}

/** Between two calls, ms: a person who types makes 120 changes a minute at most, of the 200 that are allowed. */
const pauseMs = 500;
/** What was refused or lost is tried again after this, twice as long each time, ms. */
const firstRetryMs = 1_000;
const longestRetryMs = 15_000;

/** Notes of a meeting as one window edits them: sends what is typed, takes in what others write, goes on after an outage. */
export class NotesEditor {
  readonly view: Store<NotesView>;
  /** Called with somebody else's change of the text, before it is shown. */
  onRemote: (change: TextChange) => void = () => undefined;
  readonly #connection: Connection;
  readonly #meetingId: string;
  readonly #userId: string;
  readonly #kept: KeptNotes;
  readonly #sync: NoteSync;
  readonly #watch: Watch<ServerNotes | null>;
  readonly #ends: (() => void)[];
  /** An input method is composing: the text must not change under it. */
  #composing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #problem: unknown;
  /** Nobody looks any more: what is left is sent, once. */
  #leaving = false;
  #closed = false;

  constructor(
    connection: Connection,
    { meetingId, userId }: { meetingId: string; userId: string },
    kept: KeptNotes,
  ) {
    this.#connection = connection;
    this.#meetingId = meetingId;
    this.#userId = userId;
    this.#kept = kept;
    this.#sync = new NoteSync(
      {
        send: (clientId, operations) => this.#send(clientId, operations),
        newId: newName,
        save: (saved) => kept.save(saved),
        onChange: (remote) => {
          if (remote !== undefined) this.onRemote(remote);
          this.#show();
        },
      },
      kept.saved,
    );
    const { subscribeMeetingNotes } = functions.realtime.subscriptions;
    this.#watch = connection.watch(subscribeMeetingNotes, { meetingId });
    this.view = new Store<NotesView>(this.#present());
    this.#ends = [
      this.#watch.subscribe(() => this.#receive()),
      connection.outage.subscribe(() => this.#lookAtOutage()),
      onHidden(() => this.#sync.settled || this.#sendSoon(0)),
    ];
    this.#receive();
    if (!this.#sync.settled) this.#sendSoon(0);
  }

  edit(text: string): void {
    this.#sync.edit(text);
    this.#sendSoon(pauseMs);
  }

  compose(composing: boolean): void {
    this.#composing = composing;
    if (!composing) this.#receive();
  }

  /** Sends what is left; where that fails it is kept, and sent by whoever opens these notes next. */
  close(): void {
    this.#leaving = true;
    this.#endIfDone();
    if (!this.#closed) this.#sendSoon(0);
  }

  #endIfDone(): void {
    if (this.#closed || (!this.#sync.settled && this.#problem === undefined)) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
    this.#kept.release();
  }

  #receive(): void {
    const { value } = this.#watch.get();
    if (value && !this.#composing) this.#sync.receive(serverText(value));
    this.#show();
  }

  #lookAtOutage(): void {
    if (this.#connection.outage.get() === undefined && !this.#sync.settled) this.#sendSoon(0);
    this.#show();
  }

  /** One call after the other: what is typed meanwhile comes with the next. */
  #sendSoon(ms: number): void {
    if (this.#closed || (this.#timer !== undefined && ms > 0)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#sendNow();
    }, ms);
  }

  async #sendNow(): Promise<void> {
    this.#problem = undefined;
    try {
      await this.#sync.send();
    } catch (error) {
      this.#problem = error;
    }
    this.#failures = this.#problem === undefined ? 0 : this.#failures + 1;
    this.#show();
    if (this.#sync.settled || isFinal(this.#problem)) return;
    this.#sendSoon(this.#problem === undefined ? pauseMs : this.#retryMs());
  }

  #retryMs(): number {
    const asked = this.#problem instanceof ApiError && this.#problem.metadata?.["retryAfterMs"];
    if (typeof asked === "number") return asked;
    return Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(this.#failures, 10));
  }

  /** Both calls name what they carry by ids: they may be sent any number of times. */
  async #send(clientId: string, operations: readonly SentOperation[]) {
    const { queueOfflineOperations, syncOfflineOperations } = functions.notes.offline;
    const client = { meetingId: this.#meetingId, clientId };
    const now = Date.now();
    const kept = {
      ...{ authorId: this.#userId, clientId, status: "pending" as const },
      ...{ attempts: 0, queuedAt: now, timestamp: now },
    };
    try {
      await this.#connection.mutation(queueOfflineOperations, {
        ...client,
        operations: operations.map((operation) => ({ ...operation, ...kept })),
      });
    } catch (error) {
      if (!isInvalid(error)) throw error;
      // Nothing of it was stored, and never will be: what was typed stays, and has to be made shorter.
      this.#problem = error;
      return { version: 0, failed: new Set(operations.map(({ id }) => id)) };
    }
    const { newVersion, errors } = await this.#connection.mutation(syncOfflineOperations, {
      ...client,
      maxOperations: 200,
    });
    const failed = new Set(errors.map((line) => line.slice(0, line.indexOf(":"))));
    const [first] = errors;
    if (first !== undefined) this.#problem = failureOf(first);
    return { version: newVersion, failed };
  }

  #show(): void {
    this.view.set(this.#present());
    if (this.#leaving) this.#endIfDone();
  }

  #present(): NotesView {
    const { value, refusal } = this.#watch.get();
    const outage = this.#connection.outage.get();
    return {
      text: this.#sync.ready ? this.#sync.text : undefined,
      canWrite: value ? value.permissions.includes("write") && !isFinal(this.#problem) : false,
      arrived: this.#sync.settled,
      problem: outage ?? refusal ?? this.#problem,
    };
  }
}

/** The window is put aside, and perhaps never looked at again. @returns stops telling */
function onHidden(tell: () => void): () => void {
  const look = () => document.visibilityState === "hidden" && tell();
  document.addEventListener("visibilitychange", look);
  return () => document.removeEventListener("visibilitychange", look);
}

type ServerNotes = {
  content: string;
  cursor: string;
  version: number;
  permissions: string[];
};

const serverText = ({ content, cursor, version }: ServerNotes): ServerText => ({
  ...{ content, version, sequence: Number(cursor) },
});

const isInvalid = (error: unknown) =>
  error instanceof ApiError && error.code === "VALIDATION_ERROR";

/** Nothing that is tried again helps: somebody was taken out of the meeting, or it was cancelled. */
function isFinal(error: unknown): boolean {
  const codes = ["MEETING_NOT_ACTIVE", "INSUFFICIENT_PERMISSIONS", "NOT_FOUND", "FORBIDDEN"];
  return error instanceof ApiError && codes.includes(error.code);
}

/** Why an operation was not carried out, by the line about it: the words behind its id are the server's. */
function failureOf(line: string): ApiError {
  const message = line.slice(line.indexOf(":") + 2);
  return new ApiError("VALIDATION_ERROR", message, 400);
}
