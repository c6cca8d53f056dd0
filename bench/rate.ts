/** Works through `items` with so many callers at once. @returns items a second */
export async function rate<T>(
  callers: number,
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<number> {
  const waiting = items[Symbol.iterator]();
  const caller = async () => {
    for (const item of waiting) await work(item);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: callers }, caller));
  return (items.length / (performance.now() - began)) * 1000;
}
