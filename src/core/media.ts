/** What a participant publishes: a camera with a microphone, or a shared screen. */
export type MediaSource = "camera" | "screen";

/** Samples a second of all sound that is composed; what Opus decodes to. */
export const sampleRate = 48_000;

/** What sound and pictures are sent and stored in. */
export type MediaCodec = "opus" | "VP8" | "H264";
