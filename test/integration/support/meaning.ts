import { processEntry } from "../../../src/config/paths.ts";
import { silentLog } from "../../../src/core/log.ts";
import { VectorProcess } from "../../../src/meaning/vectorProcess.ts";

/** The bundled model in its process, which begins with the first request. Close it when done. */
export function vectorProcess(): VectorProcess {
  return new VectorProcess({ entry: processEntry("vectorProcess"), log: silentLog });
}
