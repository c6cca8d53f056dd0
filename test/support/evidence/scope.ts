/** Something that can say what it was like when a test failed: a data folder, a server, a browser. */
export interface EvidenceSource {
  /** Name of its folder among the evidence. */
  readonly name: string;
  /** Writes what there is into a folder of its own, already made. What is gone by now is left out. */
  collect(folder: string): Promise<void>;
}

/** What lives as long as one test or one file of tests. */
export interface Scope {
  readonly sources: EvidenceSource[];
  /** Run when it is over, the last first. */
  readonly endings: (() => Promise<void>)[];
}

interface Scopes {
  file: Scope;
  test: Scope | undefined;
}

// The runner and the tests may load this module separately; both mean the same scopes.
const key = Symbol.for("connvo.evidence");
const shared = globalThis as unknown as { [key]?: Scopes };

const newScope = (): Scope => ({ sources: [], endings: [] });

function scopes(): Scopes {
  shared[key] ??= { file: newScope(), test: undefined };
  return shared[key];
}

const current = (): Scope => scopes().test ?? scopes().file;

/** Has `source` collected when the running test fails; one added outside of tests, when any test of the file does. */
export function addEvidence(source: EvidenceSource): void {
  current().sources.push(source);
}

/** Runs `ending` after the verdict on the running test and the collecting of evidence; outside of tests, after the file. */
export function afterVerdict(ending: () => Promise<void>): void {
  current().endings.push(ending);
}

/** For the runner: whatever is added from now on belongs to a test. */
export function beginTest(): void {
  scopes().test = newScope();
}

/** For the runner: everything that can be collected now. */
export function evidenceSources(): readonly EvidenceSource[] {
  const { file, test } = scopes();
  return [...(test?.sources ?? []), ...file.sources];
}

/** For the runner: the test is over. */
export async function endTest(): Promise<void> {
  const { test } = scopes();
  scopes().test = undefined;
  await end(test);
}

/** For the runner: the file is over. */
export async function endFile(): Promise<void> {
  const { file } = scopes();
  scopes().file = newScope();
  await end(file);
}

async function end(scope: Scope | undefined): Promise<void> {
  for (const ending of (scope?.endings ?? []).reverse()) await ending();
}
