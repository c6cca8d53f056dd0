import { type AccessSource, withAccess } from "./access.ts";
import type { MediaEnvironment } from "./environment.ts";
import { isFinal } from "./finality.ts";
import { Link, type LinkState } from "./link.ts";
import type { RoomState, Unpublished } from "./roomMessage.ts";
import { type ClientMessage, type Slot, SubscribeSession } from "./subscribeSession.ts";

export interface SubscriberOptions {
  env: MediaEnvironment;
  access: AccessSource;
  clientId: string;
  onRoom: (state: RoomState) => void;
  onUnpublished: (ended: Unpublished) => void;
  /** The server has forgotten a session, and may have forgotten others. */
  onForgotten: () => void;
  onChange: () => void;
}

/** Receives everybody's media and the room's state for as long as it runs. */
export class Subscriber {
  readonly #link: Link<SubscribeSession>;
  /** By what they set: the newest message of each is told again in every new session. */
  readonly #sticky = new Map<string, ClientMessage>();
  #revision = -1;

  constructor(options: SubscriberOptions) {
    const { env, access, clientId, onRoom, onUnpublished, onForgotten, onChange } = options;
    this.#link = new Link<SubscribeSession>(env, {
      open: (signal, lost) =>
        withAccess(access, (room) => {
          this.#revision = -1;
          let opened: SubscribeSession | undefined;
          const isCurrent = () => !signal.aborted;
          return SubscribeSession.open({
            env,
            access: room,
            clientId,
            signal,
            onLost: lost,
            onForgotten,
            onRoom: (state) => {
              if (isCurrent() && this.#isNewer(state)) onRoom(state);
            },
            onUnpublished: (ended) => {
              if (isCurrent()) onUnpublished(ended);
            },
            onChannel: () => opened && this.#tellAgain(opened),
          }).then((session) => {
            opened = session;
            this.#tellAgain(session);
            return session;
          });
        }),
      isFinal,
      onChange,
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

  /** By slot; none while there is no session. */
  get slots(): readonly Slot[] {
    return this.#link.session?.slots ?? [];
  }

  start(): void {
    this.#link.start();
  }

  stop(): void {
    this.#link.stop();
  }

  /** Tells the room, now and after every reconnection. */
  tell(message: ClientMessage): void {
    const key = message.type === "media" ? `media ${message.source}` : message.type;
    if (JSON.stringify(this.#sticky.get(key)) === JSON.stringify(message)) return;
    this.#sticky.set(key, message);
    this.#link.session?.send(message);
  }

  #tellAgain(session: SubscribeSession): void {
    for (const message of this.#sticky.values()) session.send(message);
  }

  #isNewer({ revision }: RoomState): boolean {
    if (revision <= this.#revision) return false;
    this.#revision = revision;
    return true;
  }
}
