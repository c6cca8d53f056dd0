/** An upload that has begun and is not over. */
export interface BegunUpload {
  /** The store's name for it. */
  uploadId: string;
  /** Of the whole file, lower-case hex. */
  sha256: string;
}

/** Which uploads have begun, kept outside of the process: after a kill the parts that arrived are still of use. */
export interface UploadLedger {
  find(key: string): Promise<BegunUpload | undefined>;
  /** Durable when it returns; replaces what was noted for that key. */
  begin(key: string, upload: BegunUpload): Promise<void>;
  /** The upload is over, one way or the other. */
  end(key: string): Promise<void>;
  /** Forgets uploads begun longer ago than that, ms. */
  forget(olderThanMs: number): Promise<void>;
}
