/** In the order in which they come. */
const meetingStates = ["scheduled", "active", "concluded", "cancelled"];
const recordingStates = ["starting", "recording", "stopping", "processing", "ready", "failed"];

type Told = Record<string, unknown>;

/** What a live client was told of one query, in order, and what of it was older than what it had been told before. */
export class LiveView {
  readonly name: string;
  readonly faults: string[] = [];
  last: unknown;
  error: Error | undefined;
  times = 0;
  readonly #highest = new Map<string, number>();
  #present = new Set<string>();
  readonly #gone = new Set<string>();

  constructor(name: string) {
    this.name = name;
  }

  told(value: unknown): void {
    this.times++;
    this.last = value;
    this.error = undefined;
    for (const [what, step] of stepsOf(value)) this.#climb(what, step);
    if (Array.isArray(value)) this.#compareRows(value.map(idOf));
  }

  failed(error: Error): void {
    this.times++;
    this.error = error;
  }

  #climb(what: string, step: number): void {
    const before = this.#highest.get(what) ?? Number.NEGATIVE_INFINITY;
    if (step < before) this.faults.push(`${this.name}: ${what} was ${before}, then ${step}`);
    else this.#highest.set(what, step);
  }

  /** What has gone from a list does not come back: nothing in the story does. */
  #compareRows(ids: readonly string[]): void {
    const now = new Set(ids);
    if (now.size < ids.length) this.faults.push(`${this.name}: rows twice in ${ids.join()}`);
    for (const id of this.#present) if (!now.has(id)) this.#gone.add(id);
    for (const id of now) if (this.#gone.has(id)) this.faults.push(`${this.name}: ${id} again`);
    this.#present = now;
  }
}

/** Everything in a value that only ever grows, by name. */
function* stepsOf(value: unknown): Generator<[string, number]> {
  if (Array.isArray(value)) for (const item of value) yield* stepsOf(item);
  else if (typeof value === "object" && value !== null) yield* stepsOfObject(value as Told);
}

function* stepsOfObject(value: Told): Generator<[string, number]> {
  const id = idOf(value);
  if (typeof value["updatedAt"] === "number") yield [`${id}.updatedAt`, value["updatedAt"]];
  const state = id.startsWith("meeting_")
    ? meetingStates.indexOf(String(value["state"]))
    : recordingStates.indexOf(String(value["state"]));
  if (/^(meeting|recording)_/.test(id) && state >= 0) yield [`${id}.state`, state];
  // The story counts in names.
  const count = /^Ada (\d+)$/.exec(String(value["displayName"]))?.[1];
  if (count !== undefined) yield ["Ada", Number(count)];
  for (const member of Object.values(value)) yield* stepsOf(member);
}

function idOf(value: Told): string {
  const keys = ["_id", "eventId", "inviteId", "endpointId", "recordingId", "key"];
  const id = keys.map((key) => value[key]).find((each) => typeof each === "string");
  return typeof id === "string" ? id : JSON.stringify(value);
}
