/** There is nothing to compose, and there never will be. */
export class UnusableCaptureError extends Error {
  readonly reason: "no_media" | "capture_missing";

  constructor(reason: "no_media" | "capture_missing") {
    super(reason);
    this.name = "UnusableCaptureError";
    this.reason = reason;
  }
}

/** The capture goes on and has not got far enough for this slice; later it will have. */
export class UnsettledError extends Error {
  constructor() {
    super("unsettled");
    this.name = "UnsettledError";
  }
}
