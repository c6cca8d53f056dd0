import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import type { Args, Person } from "../support/person.ts";
import type { ApiDocument } from "./apiDocument.ts";
import { LiveView } from "./liveView.ts";

const options = { skipConvexDeploymentUrlCheck: true, logger: false } as const;

/** What a live client is told of a query. */
interface Watched {
  readonly view: LiveView;
  /** The same over HTTP, now. */
  ask(): Promise<unknown>;
}

/** A person with both official clients: one that lives as long as the story, and one for each call over HTTP. */
export class Actor {
  readonly person: Person;
  readonly #api: ApiDocument;
  readonly #live: ConvexClient;
  readonly #http: ConvexHttpClient;
  readonly #watched: Watched[] = [];

  /** With `adminKey` the operator, who is nobody. */
  constructor(url: string, api: ApiDocument, person: Person, adminKey?: string) {
    this.#api = api;
    this.person = person;
    this.#live = new ConvexClient(url, options);
    if (adminKey === undefined) this.#live.setAuth(async () => person.token);
    this.#http = new ConvexHttpClient(url, options);
    if (adminKey === undefined) this.#http.setAuth(person.token);
    else for (const client of [this.#live.client, this.#http]) setAdminAuth(client, adminKey);
  }

  /** A mutation over the live connection, whose client sends it again when that is lost; queries and actions over HTTP. */
  async call<T = Args>(name: string, given: Args = {}): Promise<T> {
    return (await this.#answer(name, this.#api.argsOf(name, given))) as T;
  }

  /** Watches a query until the end of the story. */
  follow(name: string, given: Args = {}): void {
    const args = this.#api.argsOf(name, given);
    const view = new LiveView(`${this.person.name}'s ${name}`);
    this.#live.onUpdate(
      makeFunctionReference<"query", Args>(name),
      args,
      (value) => {
        this.#api.followed(name);
        view.told(value);
      },
      (error) => view.failed(error),
    );
    this.#watched.push({ view, ask: () => this.#answer(name, args) });
  }

  get watched(): readonly Watched[] {
    return this.#watched;
  }

  close(): Promise<void> {
    return this.#live.close();
  }

  async #answer(name: string, args: Args): Promise<unknown> {
    const value = await this.#send(name, args);
    this.#api.called(name);
    return value;
  }

  #send(name: string, args: Args): Promise<unknown> {
    switch (this.#api.kindOf(name)) {
      case "query":
        return this.#http.query(makeFunctionReference<"query", Args>(name), args);
      case "mutation":
        return this.#live.mutation(makeFunctionReference<"mutation", Args>(name), args);
      case "action":
        return this.#http.action(makeFunctionReference<"action", Args>(name), args);
    }
  }
}

/** For Convex's own tools; its type is not published. */
function setAdminAuth(client: object, key: string): void {
  (client as { setAdminAuth(key: string): void }).setAdminAuth(key);
}
