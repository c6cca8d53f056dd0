// `npm start`: builds dist/ when the sources are newer, then becomes the server.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build, root } from "./build.mjs";
import { endWithNpm } from "./launcher.mjs";

endWithNpm();
await build();
process.setSourceMapsEnabled(true);
await import(pathToFileURL(path.join(root, "dist", "main.js")).href);
