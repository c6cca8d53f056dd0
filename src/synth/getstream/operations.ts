import { randomUUID } from "node:crypto";
import { callAnswer, membersAnswer, recordingAnswer, userAnswer } from "./answers.ts";
import type { Calls } from "./calls.ts";
import { badInput } from "./errors.ts";
import { type RequestSchemas, recordingTypes } from "./schemas.ts";

export interface OperationInput {
  calls: Calls;
  path: Record<string, string>;
  /** Already checked against the schema of the operation. */
  body: Record<string, unknown>;
  baseUrl: string;
}

interface Operation {
  name: string;
  method: string;
  pattern: RegExp;
  status: number;
  schema?: keyof RequestSchemas;
  run(input: OperationInput): object;
}

const call = "/api/v2/video/call/(?<type>[^/]+)/(?<id>[^/]+)";

export type Body<Name extends keyof RequestSchemas> = RequestSchemas[Name]["_output"];

function requireComposite(type: string | undefined): void {
  if (!recordingTypes.some((known) => known === type))
    throw badInput("recording_type is not valid");
  if (type !== "composite") throw badInput("this stand-in records composites only");
}

const id = ({ path }: OperationInput) => path["id"] ?? "";

function wholeCall(input: OperationInput) {
  const found = input.calls.get(id(input));
  return { call: callAnswer(found), members: membersAnswer(found), own_capabilities: [] };
}

/** Stream's endpoints, by the names of its specification. */
export const operations: readonly Operation[] = [
  {
    name: "GetCall",
    method: "GET",
    pattern: new RegExp(`^${call}$`),
    status: 200,
    run: wholeCall,
  },
  {
    name: "QueryCalls",
    method: "POST",
    pattern: /^\/api\/v2\/video\/calls$/,
    status: 201,
    schema: "QueryCalls",
    run({ calls, body }) {
      const { filter_conditions, limit = 25 } = body as Body<"QueryCalls">;
      const found = filter_conditions.cid.$in.flatMap((cid) => calls.find(cid) ?? []);
      return {
        calls: found.slice(0, limit).map((one) => ({
          ...{ call: callAnswer(one), members: membersAnswer(one), own_capabilities: [] },
        })),
      };
    },
  },
  {
    name: "GetOrCreateCall",
    method: "POST",
    pattern: new RegExp(`^${call}$`),
    status: 201,
    schema: "GetOrCreateCall",
    run(input) {
      const { data = {} } = input.body as Body<"GetOrCreateCall">;
      const { created } = input.calls.getOrCreate(id(input), data);
      return { ...wholeCall(input), created };
    },
  },
  {
    name: "UpdateCall",
    method: "PATCH",
    pattern: new RegExp(`^${call}$`),
    status: 200,
    schema: "UpdateCall",
    run(input) {
      const { settings_override = {}, custom } = input.body as Body<"UpdateCall">;
      input.calls.update(id(input), settings_override, custom);
      return wholeCall(input);
    },
  },
  {
    name: "StartRecording",
    method: "POST",
    pattern: new RegExp(`^${call}/recordings/(?<recordingType>[^/]+)/start$`),
    status: 201,
    schema: "StartRecording",
    run(input) {
      requireComposite(input.path["recordingType"]);
      input.calls.startRecording(id(input));
      return {};
    },
  },
  {
    name: "StopRecording",
    method: "POST",
    pattern: new RegExp(`^${call}/recordings/(?<recordingType>[^/]+)/stop$`),
    status: 201,
    schema: "StopRecording",
    run(input) {
      requireComposite(input.path["recordingType"]);
      input.calls.stopRecording(id(input));
      return {};
    },
  },
  {
    name: "ListRecordings",
    method: "GET",
    pattern: new RegExp(`^${call}/recordings$`),
    status: 200,
    run: (input) => ({
      recordings: input.calls
        .get(id(input))
        .files.map((file) => recordingAnswer(input.baseUrl, file)),
    }),
  },
  {
    name: "DeleteRecording",
    method: "DELETE",
    pattern: new RegExp(`^${call}/(?<session>[^/]+)/recordings/(?<filename>[^/]+)$`),
    status: 200,
    run(input) {
      const { session = "", filename = "" } = input.path;
      input.calls.deleteFile(id(input), session, filename);
      return {};
    },
  },
  {
    name: "EndCall",
    method: "POST",
    pattern: new RegExp(`^${call}/mark_ended$`),
    status: 201,
    run(input) {
      input.calls.end(id(input));
      return {};
    },
  },
  {
    name: "DeleteCall",
    method: "POST",
    pattern: new RegExp(`^${call}/delete$`),
    status: 201,
    schema: "DeleteCall",
    run(input) {
      const { hard } = input.body as Body<"DeleteCall">;
      const deleted = input.calls.delete(id(input));
      return { call: callAnswer(deleted), task_id: hard ? "task-1" : null };
    },
  },
  {
    name: "BlockUser",
    method: "POST",
    pattern: new RegExp(`^${call}/block$`),
    status: 201,
    schema: "BlockUser",
    run(input) {
      input.calls.block(id(input), (input.body as Body<"BlockUser">).user_id);
      return {};
    },
  },
  {
    name: "KickUser",
    method: "POST",
    pattern: new RegExp(`^${call}/kick$`),
    status: 201,
    schema: "KickUser",
    run(input) {
      input.calls.kick(id(input), (input.body as Body<"KickUser">).user_id);
      return {};
    },
  },
  {
    name: "GetApp",
    method: "GET",
    pattern: /^\/api\/v2\/app$/,
    status: 200,
    run: ({ calls }) => ({ app: { name: "stand-in", event_hooks: calls.hooks } }),
  },
  {
    name: "UpdateApp",
    method: "PATCH",
    pattern: /^\/api\/v2\/app$/,
    status: 200,
    schema: "UpdateApp",
    run({ calls, body }) {
      const { event_hooks } = body as Body<"UpdateApp">;
      // The list is replaced: whoever is left out is gone, and whoever has no id is new.
      if (event_hooks)
        calls.hooks = event_hooks.map((hook) => ({ id: hook["id"] ?? randomUUID(), ...hook }));
      return {};
    },
  },
  {
    name: "UpdateUsers",
    method: "POST",
    pattern: /^\/api\/v2\/users$/,
    status: 201,
    schema: "UpdateUsers",
    run({ calls, body }) {
      const { users } = body as Body<"UpdateUsers">;
      for (const { id: userId, name } of Object.values(users))
        calls.users.set(userId, { id: userId, ...(name === undefined ? {} : { name }) });
      const answered = Object.keys(users).map((userId) => [userId, userAnswer(userId, 0)]);
      return { users: Object.fromEntries(answered), membership_deletion_task_id: "" };
    },
  },
];

/** The operation a request means, with its path parameters decoded. */
export function findOperation(method: string, pathname: string) {
  for (const operation of operations) {
    const match = operation.method === method && operation.pattern.exec(pathname);
    if (!match) continue;
    const path: Record<string, string> = {};
    for (const [key, value] of Object.entries(match.groups ?? {}))
      path[key] = decodeURIComponent(value);
    return { operation, path };
  }
  return undefined;
}
