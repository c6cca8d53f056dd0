export function waysTo(entry: string, packages: readonly string[]): Promise<string[][]>;
