import type { Args } from "../support/person.ts";

type Kind = "query" | "mutation" | "action";

interface Operation {
  description: string;
  requestBody: { content: { "application/json": { example?: { args: Args } } } };
}

/** What stands for something else each time in the document's examples, and must have been replaced. */
const placeholder = /_\d+example|org_example|…/;

/** All that a stranger can know of a server: its `/openapi.json`. Notes which of its functions were called. */
export class ApiDocument {
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #called = new Set<string>();
  readonly #followed = new Set<string>();

  private constructor(operations: ReadonlyMap<string, Operation>) {
    this.#operations = operations;
  }

  static async of(url: string): Promise<ApiDocument> {
    const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, { post: Operation }>;
    };
    const operations = Object.entries(paths).map(
      ([path, { post }]) =>
        [path.replace("/api/run/", "").replace(/\/([^/]+)$/, ":$1"), post] as const,
    );
    return new ApiDocument(new Map(operations));
  }

  kindOf(name: string): Kind {
    const kind = /Kind: (query|mutation|action)\.$/.exec(this.#operation(name).description)?.[1];
    if (kind === undefined) throw new Error(`${name}: the document does not say its kind`);
    return kind as Kind;
  }

  /** The arguments of the document's example with those that are given in the place of its own. `undefined` leaves one out. */
  argsOf(name: string, given: Args): Args {
    const { example } = this.#operation(name).requestBody.content["application/json"];
    const args = Object.entries({ ...example?.args, ...given });
    const used = Object.fromEntries(args.filter(([, value]) => value !== undefined));
    const left = placeholder.exec(JSON.stringify(used))?.[0];
    if (left !== undefined) throw new Error(`${name}: ${left} was not replaced`);
    return used;
  }

  called(name: string): void {
    this.#called.add(name);
  }

  followed(name: string): void {
    this.#followed.add(name);
  }

  /** Functions that nobody has been answered by yet. */
  get uncalled(): string[] {
    return [...this.#operations.keys()].filter((name) => !this.#called.has(name));
  }

  /** Queries that no live client was told the result of yet. */
  get unfollowed(): string[] {
    const names = [...this.#operations.keys()];
    return names.filter((name) => this.kindOf(name) === "query" && !this.#followed.has(name));
  }

  #operation(name: string): Operation {
    const operation = this.#operations.get(name);
    if (operation === undefined) throw new Error(`${name} is not in the document`);
    return operation;
  }
}
