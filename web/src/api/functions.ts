import { anyApi } from "convex/server";
import type { Api } from "../../../src/generated/api.ts";

/** Every function of the server by path: `functions.meetings.queries.getMeeting`. */
export const functions = anyApi as unknown as Api;
