import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { EmbeddedPostgresError } from "../errors.ts";

const run = promisify(execFile);

/** Who PostgreSQL runs as: it refuses to be root. */
export interface Account {
  readonly kind: "self" | "user" | "userNamespace" | "capability";
  /** Owner its files must have; absent: whoever we are. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** The command line and the ids that start `program` under this account. */
  command(program: string, args: readonly string[]): Command;
}

interface Command {
  readonly file: string;
  readonly args: string[];
  readonly uid?: number;
  readonly gid?: number;
}

export interface AccountRequest {
  /** Ours; 0 is root. */
  readonly uid: number;
  /** Data folder, socket folder and installation: what the account has to reach. */
  readonly paths: readonly string[];
  /** Owner of an existing data folder, kept where possible. */
  readonly currentOwner: Ids | undefined;
}

export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** What choosing needs of the system; tests take parts of it away. */
export interface AccountSystem {
  lookUp(user: string): Promise<Ids | undefined>;
  reaches(ids: Ids, file: string): Promise<boolean>;
  works(file: string, args: readonly string[]): Promise<boolean>;
}

/**
 * Picks an account that reaches all paths. As an ordinary user: ourselves. As root: the owner of an existing data
 * folder, else `postgres`, else `nobody`. Where those cannot reach (a 0700 home on the way): root behind a user
 * namespace, which PostgreSQL takes for another user, or, where containers forbid that, the user with the one
 * capability that opens the way.
 * @throws EmbeddedPostgresError when nothing works.
 */
export async function chooseAccount(
  request: AccountRequest,
  system: AccountSystem = realSystem,
): Promise<Account> {
  if (request.uid !== 0) return self;
  const user = await unprivileged(request, system);
  if (user && (await reachesAll(user, request.paths, system))) return asUser(user);
  if (await system.works("unshare", [...namespace, "true"])) return inNamespace;
  if (user && (await system.works("setpriv", [...capability(user), "true"])))
    return withCapability(user);
  throw new EmbeddedPostgresError(
    `runs as root here and no unprivileged user reaches ${request.paths[0]}; use an ordinary user or another CONNVO_DATA_DIR`,
  );
}

const self: Account = {
  kind: "self",
  owner: undefined,
  command: (program, args) => ({ file: program, args: [...args] }),
};

const asUser = (ids: Ids): Account => ({
  kind: "user",
  owner: ids,
  command: (program, args) => ({ file: program, args: [...args], ...ids }),
});

const namespace = ["--user", "--map-user=65534", "--map-group=65534", "--"];

const inNamespace: Account = {
  kind: "userNamespace",
  owner: { uid: 0, gid: 0 },
  command: (program, args) => ({ file: "unshare", args: [...namespace, program, ...args] }),
};

const capability = ({ uid, gid }: Ids): string[] => [
  `--reuid=${uid}`,
  `--regid=${gid}`,
  "--clear-groups",
  "--inh-caps=+dac_override",
  "--ambient-caps=+dac_override",
];

const withCapability = (ids: Ids): Account => ({
  kind: "capability",
  owner: ids,
  command: (program, args) => ({ file: "setpriv", args: [...capability(ids), program, ...args] }),
});

async function unprivileged(
  request: AccountRequest,
  system: AccountSystem,
): Promise<Ids | undefined> {
  if (request.currentOwner && request.currentOwner.uid !== 0) return request.currentOwner;
  return (await system.lookUp("postgres")) ?? (await system.lookUp("nobody"));
}

async function reachesAll(
  ids: Ids,
  paths: readonly string[],
  system: AccountSystem,
): Promise<boolean> {
  for (const file of paths) if (!(await system.reaches(ids, file))) return false;
  return true;
}

/** The system as it is. */
export const realSystem: AccountSystem = {
  lookUp: async (user) => {
    try {
      const [uid, gid] = await Promise.all(["-u", "-g"].map((flag) => run("id", [flag, user])));
      return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
    } catch {
      return undefined;
    }
  },
  reaches: async (ids, file) => {
    const parent = path.dirname(file);
    if (parent === file) return true;
    return (await opens(ids, parent)) && (await realSystem.reaches(ids, parent));
  },
  works: (file, args) =>
    run(file, [...args]).then(
      () => true,
      () => false,
    ),
};

/** Whether the mode bits let `ids` pass through the folder. A folder still to be made will. */
async function opens(ids: Ids, folder: string): Promise<boolean> {
  const info = await stat(folder).catch(() => undefined);
  if (!info) return true;
  if (info.uid === ids.uid) return (info.mode & 0o100) !== 0;
  return (info.mode & (info.gid === ids.gid ? 0o010 : 0o001)) !== 0;
}
