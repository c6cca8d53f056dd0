import type { ZodType } from "zod";

/** What a language model is asked; it is given no tools. */
export interface Question<T> {
  /** What it is to do. */
  instructions: string;
  /** What it is to do it with: data, whatever stands in it. */
  data: string;
  /** What the answer has to be. */
  schema: ZodType<T>;
  signal: AbortSignal;
}

/** A language model that the operator has configured. */
export interface LanguageModel {
  /** As people are told. */
  readonly name: string;
  /**
   * Asks once, and once more where the endpoint was busy.
   * @throws Error when there is no answer of that form in time; the signal's reason
   */
  ask<T>(question: Question<T>): Promise<T>;
}
