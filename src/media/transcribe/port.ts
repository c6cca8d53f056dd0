/** What was understood of a stretch of speech. */
export interface Understood {
  /** Empty where nothing was. */
  text: string;
  /** 0..1 */
  confidence: number;
  /** A language tag (BCP 47); "und" where it is not known. */
  language: string;
}

/** Samples a second of what engines are given. */
export const speechRate = 16_000;

/** Speech recognition outside of our speech process, which finds the speech and has it understood by this. */
export interface SpeechEngine {
  /**
   * @param sound 16-bit little-endian mono at 16 kHz, of 20 s at most
   * @throws Error with the reason, for people; the signal's reason
   */
  understand(sound: Buffer, signal: AbortSignal): Promise<Understood>;
}
