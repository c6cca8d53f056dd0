import type { ProviderRecording, VideoProvider } from "../src/video/port.ts";

/** A video provider that confirms at once, so that nothing but our own work is measured. */
export function instantVideo(): VideoProvider {
  const recording = async (): Promise<ProviderRecording> => ({
    status: "recording",
    startedAt: Date.now(),
  });
  const nothing = async () => undefined;
  return {
    name: "embedded",
    capabilities: {
      maxParticipants: 8,
      startsWithoutPublishers: true,
      pauses: true,
      composesLocally: true,
      reportsPresence: true,
      statePollMs: 1000,
      absentGraceMs: 0,
    },
    createRoom: nothing,
    token: async () => ({ token: "none", expiresAt: 0 }),
    startRecording: recording,
    stopRecording: recording,
    pauseRecording: recording,
    resumeRecording: recording,
    recordingState: recording,
    deleteRecording: async () => true,
    fileLink: nothing,
    removeParticipant: nothing,
    closeRoom: nothing,
    onPresence: () => () => undefined,
    close: nothing,
  };
}
