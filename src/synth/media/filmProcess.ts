// Child process: `node filmProcess.js <FilmSpec as JSON> <file>` writes a film.
import { renameSync } from "node:fs";
import { type FilmSpec, writeFilm } from "./film.ts";
import { constants, Log } from "./libav.ts";

const [, , spec = "", file = ""] = process.argv;
Log.setLevel(constants.AV_LOG_ERROR);
const unfinished = `${file}.${process.pid}.tmp`;
writeFilm(JSON.parse(spec) as FilmSpec, unfinished);
renameSync(unfinished, file);
