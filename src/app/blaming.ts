/** Names the setting in the one line that tells the operator why nothing starts. */
export async function blaming<T>(setting: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${setting}: ${reasonOf(error)}`, { cause: error });
  }
}

/** A name with several addresses fails with one error for each and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
