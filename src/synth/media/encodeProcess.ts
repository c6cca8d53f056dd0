// Child process: `node encodeProcess.js <LoopSpec as JSON> <file>` encodes one loop into the file.
import { renameSync, writeFileSync } from "node:fs";
import { encodeLoop } from "./encodeLoop.ts";
import { constants, Log } from "./libav.ts";
import { type LoopSpec, serialiseLoop } from "./mediaLoop.ts";

const [, , spec = "", file = ""] = process.argv;
Log.setLevel(constants.AV_LOG_ERROR);
const unfinished = `${file}.${process.pid}.tmp`;
writeFileSync(unfinished, serialiseLoop(encodeLoop(JSON.parse(spec) as LoopSpec)));
renameSync(unfinished, file);
