/** Every function of the server by path: `functions.meetings.queries.getMeeting`. */
export { api as functions } from "../../../src/generated/api.ts";
