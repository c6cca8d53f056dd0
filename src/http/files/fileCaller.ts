import type { FastifyRequest } from "fastify";
import { can } from "../../auth/can.ts";
import type { Identity, User } from "../../auth/identity.ts";
import type { LinkSigner } from "../../auth/signedLink.ts";
import type { Authenticator } from "../../auth/tokens/authenticator.ts";
import { findUser, findUserById } from "../../auth/users.ts";
import type { Clock } from "../../core/clock.ts";
import { AppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
import type { ReadTx } from "../../db/port.ts";
import type { OpenFiles } from "../limits/openFiles.ts";

export interface FileCallerDeps {
  authenticator: Authenticator;
  links: LinkSigner;
  clock: Clock;
  openFiles: OpenFiles;
}

/** A request for one of a recording's files, perhaps by a signed link. */
export type FileCall = FastifyRequest<{
  Querystring: { user?: string; expires?: string; signature?: string };
}>;

/** Who asks for a file, and whether they may have it. */
export interface FileCaller {
  /** Whose share of the files being sent it counts against. */
  name: string;
  /**
   * Given a snapshot, lets in who is in the meeting now: a link is worth its user's present rights, no more.
   * @throws AppError NOT_FOUND, UNAUTHORIZED (not signed in as a user), FORBIDDEN (deactivated)
   */
  admit(tx: ReadTx): Promise<void>;
}

/**
 * Who asks for a recording's file: by link when there is one, else by token.
 * @throws AppError UNAUTHORIZED for a link that is not valid or no longer, AuthError for a token that proves nobody
 */
export async function fileCaller(
  deps: FileCallerDeps,
  request: FileCall,
  wanted: { recordingId: string; file: string },
): Promise<FileCaller> {
  const { name, identify } = await identifier(deps, request, wanted);
  const admit = async (tx: ReadTx) => {
    const { identity, user } = await identify(tx);
    const permission = can.recordingParticipant("recordingId");
    orThrow(await permission.check({ tx, identity, user, args: { ...wanted } }));
  };
  return { name, admit };
}

interface Identified {
  identity: Identity;
  user: User | undefined;
}

async function identifier(
  { links, clock, authenticator }: FileCallerDeps,
  request: FileCall,
  wanted: { recordingId: string; file: string },
): Promise<{ name: string; identify(tx: ReadTx): Promise<Identified> }> {
  const { user, expires, signature } = request.query;
  if (user === undefined || expires === undefined || signature === undefined) {
    const identity = await authenticator.authenticate(request.headers.authorization);
    const name =
      identity.kind === "user" ? `${identity.issuer}|${identity.subject}` : identity.kind;
    return { name, identify: async (tx) => ({ identity, user: await userOf(tx, identity) }) };
  }
  const grant = links.verify(wanted, { user, expires, signature }, clock.now());
  if (!grant)
    throw new AppError("UNAUTHORIZED", "The link has expired or is not valid; get a new one");
  const identify = async (tx: ReadTx): Promise<Identified> => {
    const found = await findUserById(tx, grant.userId);
    if (!found) throw noSuchFile();
    const { issuer, subject } = found;
    return { identity: { kind: "user", issuer, subject }, user: found };
  };
  return { name: grant.userId, identify };
}

/** Somebody who has never called a function is in no meeting: signed in, but a stranger. */
async function userOf(tx: ReadTx, identity: Identity): Promise<User | undefined> {
  if (identity.kind !== "user") return undefined;
  const user = await findUser(tx, identity);
  if (!user) throw noSuchFile();
  return user;
}

/** The same for what does not exist and what is none of the caller's business. */
export function noSuchFile(): AppError {
  return new AppError("NOT_FOUND", "There is no such recording");
}
