import { type RunnerTask, type RunnerTestFile, type RunnerTestSuite, TestRunner } from "vitest";
import { EvidenceFolder } from "./evidenceFolder.ts";
import { MachineLoad } from "./machineLoad.ts";
import { beginTest, endFile, endTest, evidenceSources } from "./scope.ts";

/** Keeps the evidence of every test that fails, before its own clean-up: see docs/testing.md. */
export default class EvidenceRunner extends TestRunner {
  #load = new MachineLoad();
  #kept = new WeakSet<RunnerTask>();

  override onBeforeTryTask(test: RunnerTask): void {
    super.onBeforeTryTask(test);
    this.#load.stop();
    this.#load = new MachineLoad();
    beginTest();
  }

  /** After the test's own function, before what follows each test. */
  async onTaskFinished(test: RunnerTask): Promise<void> {
    await this.#keep(test);
  }

  /** After all that follows a test, which may have failed too. */
  async onAfterRetryTask(test: RunnerTask): Promise<void> {
    await this.#keep(test);
    await endTest();
  }

  override async onAfterRunSuite(suite: RunnerTestSuite): Promise<void> {
    await super.onAfterRunSuite(suite);
    // Its own hooks: the tests in it have been looked at.
    if ((suite.result?.errors?.length ?? 0) > 0) await this.#keep(suite);
    if (isFile(suite)) await endFile();
  }

  async #keep(task: RunnerTask): Promise<void> {
    if (task.result?.state !== "fail" || this.#kept.has(task)) return;
    this.#kept.add(task);
    const folder = await EvidenceFolder.make(task);
    await folder.collect(evidenceSources());
    await folder.describe({
      load: await this.#load.describe(),
      errors: task.result.errors ?? [],
    });
    const [error] = task.result.errors ?? [];
    if (!error) return;
    // Reporters for people print the message, those for programs the stack.
    error.message += `\n\n${folder.summary}`;
    if (error.stack !== undefined) error.stack += `\n\n${folder.summary}`;
  }
}

const isFile = (suite: RunnerTestSuite): suite is RunnerTestFile => "filepath" in suite;
