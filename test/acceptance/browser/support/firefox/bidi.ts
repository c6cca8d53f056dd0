import { WebSocket } from "undici";

/** What a browser tells unasked. */
export interface BidiEvent {
  method: string;
  params: Record<string, unknown>;
}

interface Answer {
  type: "success" | "error" | "event";
  id?: number;
  result?: Record<string, unknown>;
  error?: string;
  message?: string;
}

interface Waiting {
  resolve(result: Record<string, unknown>): void;
  reject(error: Error): void;
}

/** A connection by WebDriver BiDi (https://w3c.github.io/webdriver-bidi), with a session of its own. */
export class BidiConnection {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** Is told of the events subscribed to. */
  onEvent: (event: BidiEvent) => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer & BidiEvent;
      if (answer.id === undefined) this.onEvent(answer);
      else this.#settle(answer.id, answer);
    });
    socket.addEventListener("close", () => this.#fail(new Error("the browser has hung up")));
  }

  /**
   * Opens a session at the address the browser printed, and subscribes to `events`.
   * @throws Error when nobody listens there
   */
  static async open(address: string, events: readonly string[]): Promise<BidiConnection> {
    const socket = new WebSocket(`${address}/session`);
    const connection = new BidiConnection(socket);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", ({ error }) => reject(error), { once: true });
    });
    await connection.send("session.new", { capabilities: {} });
    await connection.send("session.subscribe", { events });
    return connection;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Resolves with the command's result. @throws Error with the browser's own words */
  send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    if (!this.isOpen) return Promise.reject(new Error(`${method}: the browser has hung up`));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, {
        resolve,
        reject: ({ message }) => reject(new Error(`${method}: ${message}`)),
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }

  #settle(id: number, { type, result, error, message }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (type === "success") waiting?.resolve(result ?? {});
    else waiting?.reject(new Error(`${error}: ${message}`));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
