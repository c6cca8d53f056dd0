/** Something that reads what strangers send. */
export interface FuzzTarget {
  name: string;
  /** Well-formed inputs, from which others are made. */
  corpus: readonly Buffer[];
  /** Opens what all inputs share; absent when there is nothing. */
  open?(): Promise<{ run(input: Buffer): void | Promise<void>; close(): Promise<void> }>;
  /** Reads one input. Whatever it throws is a fault of the reader, as is a broken promise it checks itself. */
  run?(input: Buffer): void;
}
