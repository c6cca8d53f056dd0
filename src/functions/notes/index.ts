/** The same functions under the published second address. */
export { applyNoteOperation, batchApplyNoteOperations, rollbackToSequence } from "./mutations.ts";
export {
  clearSyncedOperations,
  createOfflineCheckpoint,
  getOfflineQueueStatus,
  queueOfflineOperations,
  restoreFromCheckpoint,
  retryFailedOperations,
  syncOfflineOperations,
} from "./offline.ts";
export { getMeetingNotes } from "./queries.ts";
