import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { expect, it } from "vitest";
import { OpenFiles } from "./openFiles.ts";

const response = () => Object.assign(new EventEmitter(), { socket: null }) as ServerResponse;

it("gives each caller a share, and all together no more than there is", () => {
  const files = new OpenFiles({ total: 3, perCaller: 2 });
  const first = response();
  files.add("a", first);
  files.add("a", response());
  expect(() => files.add("a", response())).toThrow(expect.objectContaining({ statusCode: 429 }));
  files.add("b", response());
  expect(() => files.add("c", response())).toThrow(expect.objectContaining({ statusCode: 503 }));
  first.emit("close");
  files.add("c", response());
});
