type Message = { type: string; [field: string]: unknown };
type Version = { querySet: number; identity: number; ts: string };

const firstTs = "AAAAAAAAAAA=";

/** A server at the other end of a WebSocket, as much of it as a client of Convex's sync protocol needs. */
export class FakeServer {
  /** Whether it takes connections. */
  up = true;
  /** Tokens it takes. */
  readonly tokens = new Set<string>();
  /** All it was sent, over all connections. */
  readonly received: Message[] = [];
  /** Answers calls; undefined = not at all. */
  answer: (call: Message) => Record<string, unknown> | undefined = () => ({
    success: true,
    result: null,
  });
  connections = 0;
  #socket: FakeSocket | undefined;

  /** To be given to a client in place of the browser's. */
  get webSocket(): typeof WebSocket {
    const server = this;
    return class extends FakeSocket {
      constructor() {
        super();
        setTimeout(() => server.#meet(this));
      }
    } as unknown as typeof WebSocket;
  }

  hangUp(code: number, reason = ""): void {
    this.#socket?.end(code, reason);
  }

  #meet(socket: FakeSocket): void {
    if (!this.up) {
      socket.end(1006, "");
      return;
    }
    this.connections += 1;
    this.#socket = socket;
    const peer = new Peer(this, socket);
    socket.onSent = (text) => peer.receive(JSON.parse(text) as Message);
    socket.onopen?.();
  }
}

/** One connection's side of the server. */
class Peer {
  readonly #server: FakeServer;
  readonly #socket: FakeSocket;
  #version: Version = { querySet: 0, identity: 0, ts: firstTs };

  constructor(server: FakeServer, socket: FakeSocket) {
    this.#server = server;
    this.#socket = socket;
  }

  receive(message: Message): void {
    this.#server.received.push(message);
    if (message.type === "ModifyQuerySet") this.#move({ querySet: Number(message["newVersion"]) });
    if (message.type === "Authenticate") this.#authenticate(message);
    if (message.type === "Mutation" || message.type === "Action") this.#call(message);
  }

  #authenticate({ value, baseVersion }: Message): void {
    const { identity } = this.#version;
    if (this.#server.tokens.has(String(value))) {
      this.#move({ identity: identity + 1 });
      return;
    }
    this.#say({ type: "AuthError", error: "no", baseVersion, authUpdateAttempted: true });
    this.#socket.end(1005, "");
  }

  #call(call: Message): void {
    const answer = this.#server.answer(call);
    if (answer === undefined) return;
    const { requestId } = call;
    this.#say({ type: `${call.type}Response`, requestId, ts: firstTs, logLines: [], ...answer });
    this.#move({});
  }

  #move(change: Partial<Version>): void {
    const startVersion = this.#version;
    this.#version = { ...startVersion, ...change };
    this.#say({
      type: "Transition",
      startVersion,
      endVersion: this.#version,
      modifications: [],
    });
  }

  #say(message: Message): void {
    this.#socket.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** A browser's WebSocket, the part of it that Convex's client uses. */
class FakeSocket {
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number; reason: string }) => void;
  onSent: (text: string) => void = () => {};
  #over = false;

  send(text: string): void {
    setTimeout(() => {
      if (!this.#over) this.onSent(text);
    });
  }

  close(): void {
    this.end(1005, "");
  }

  end(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    setTimeout(() => this.onclose?.({ code, reason }));
  }
}
