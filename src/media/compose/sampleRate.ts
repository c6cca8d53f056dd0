/** Samples a second of all sound that is composed; what Opus decodes to. */
export const sampleRate = 48_000;
