import type { Log } from "../../core/log.ts";

/** A child log made when it is first written to: most calls log nothing, and children cost. */
export class CallLog implements Log {
  readonly #parent: Log;
  readonly #fields: object;
  #made: Log | undefined;

  constructor(parent: Log, fields: object) {
    this.#parent = parent;
    this.#fields = fields;
  }

  debug(fields: object, message: string): void {
    this.#log().debug(fields, message);
  }

  info(fields: object, message: string): void {
    this.#log().info(fields, message);
  }

  warn(fields: object, message: string): void {
    this.#log().warn(fields, message);
  }

  error(fields: object, message: string): void {
    this.#log().error(fields, message);
  }

  child(fields: object): Log {
    return this.#log().child(fields);
  }

  #log(): Log {
    this.#made ??= this.#parent.child(this.#fields);
    return this.#made;
  }
}
