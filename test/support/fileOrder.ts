import path from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Test files of project `live`, in the order in which two workers take them: beside what opens windows runs what opens none, as
 * long as there is any.
 */
export const live = [
  "test/acceptance/survival.test.ts",
  "test/acceptance/browser/room.test.ts",
  "test/acceptance/browser/peers.test.ts",
  "test/acceptance/browser/journey.test.ts",
  "test/acceptance/wholeApi.test.ts",
  "test/acceptance/slices.test.ts",
  "test/integration/rooms/senders.test.ts",
  "test/acceptance/browser/lostMedia.test.ts",
  "test/acceptance/survivalComposer.test.ts",
  "test/acceptance/browser/downlink.test.ts",
  "test/acceptance/media.test.ts",
  "test/acceptance/browser/roomRecovery.test.ts",
  "test/acceptance/browser/peerRecovery.test.ts",
  "test/acceptance/survivalPauses.test.ts",
  "test/acceptance/browser/uplink.test.ts",
];

/**
 * Test files of project `alone`, one at a time: they measure when a browser's own sound and pictures come, to some 80 ms, and a browser
 * that waits for a core is late by itself; or they take both cores themselves, to recognise speech.
 */
export const alone = [
  "test/acceptance/transcription.test.ts",
  "test/acceptance/browser/playback.test.ts",
  "test/acceptance/browser/mute.test.ts",
  "test/acceptance/browser/sleep.test.ts",
];

const root = path.resolve(import.meta.dirname, "../..");

/** Vitest's own order, but for those. */
export class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const ordered = [...live, ...alone];
    const rank = ({ moduleId }: TestSpecification) =>
      ordered.indexOf(path.relative(root, moduleId));
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}
