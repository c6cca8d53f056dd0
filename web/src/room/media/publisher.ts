import { type AccessSource, withAccess } from "./access.ts";
import type { MediaEnvironment } from "./environment.ts";
import { isFinal } from "./finality.ts";
import { Link, type LinkState, type Loss } from "./link.ts";
import { type MediaKind, type MediaSource, PublishSession, type Tracks } from "./publishSession.ts";

export interface PublisherOptions {
  env: MediaEnvironment;
  access: AccessSource;
  source: MediaSource;
  onChange: () => void;
  /** The session was ended by the other side or went silent; false = do not publish again. */
  onLost?: (why: Loss) => boolean;
}

/**
 * Sends the given tracks into the room for as long as there is one: opens a session for the first, exchanges tracks in
 * it, opens it again after trouble, and ends it with the last.
 */
export class Publisher {
  readonly #link: Link<PublishSession>;
  #tracks: Tracks = {};

  constructor({ env, access, source, onChange, onLost }: PublisherOptions) {
    this.#link = new Link<PublishSession>(env, {
      open: (signal, lost) =>
        withAccess(access, (room) =>
          PublishSession.open({
            env,
            access: room,
            source,
            tracks: this.#tracks,
            signal,
            onLost: lost,
          }),
        ),
      isFinal,
      onChange: () => {
        void this.#exchange();
        onChange();
      },
      ...(onLost === undefined ? {} : { onLost }),
    });
  }

  get state(): LinkState {
    return this.#link.state;
  }

  get troubled(): boolean {
    return this.#link.troubled;
  }

  get error(): unknown {
    return this.#link.error;
  }

  /** The server's name of the session; undefined while there is none. */
  get sessionId(): string | undefined {
    return this.#link.session?.id;
  }

  /** Whether there is anything to send. */
  get wanted(): boolean {
    return Object.keys(this.#tracks).length > 0;
  }

  /** Sends this track from now on; undefined = none of its kind. */
  setTrack(kind: MediaKind, track: MediaStreamTrack | undefined): void {
    const { [kind]: last, ...others } = this.#tracks;
    if (last === track) return;
    this.#tracks = track === undefined ? others : { ...others, [kind]: track };
    if (!this.wanted) this.#link.stop();
    else if (this.#link.state === "stopped") this.#link.start();
    else void this.#exchange();
  }

  /** Publishes again after it was refused, or ended by `onLost`. */
  restart(): void {
    if (this.wanted) this.#link.start();
  }

  /** Publishes again if the server knows nothing of the session any more. */
  check(): void {
    void this.#link.session?.check();
  }

  stop(): void {
    this.#link.stop();
  }

  /** What was changed while the session was being opened is made good here. */
  async #exchange(): Promise<void> {
    const session = this.#link?.session;
    if (session === undefined) return;
    for (const kind of ["audio", "video"] as const)
      await session.replace(kind, this.#tracks[kind]).catch(() => this.#link.reopen());
  }
}
