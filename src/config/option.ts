import type { z } from "zod";

/** One line of the option table: the only place where an option's name, default and meaning stand. */
export interface Option<T extends z.ZodType = z.ZodType> {
  env: string;
  type: T;
  /** As the environment would spell it; absent = optional. */
  default?: string;
  doc: string;
  /** Never printed, logged or put into an error. */
  secret?: true;
}

/** A line of the table as it stands, with the type of its value. */
export const option = <T extends z.ZodType>(definition: Option<T>): Option<T> => definition;
