import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { codeOf, statusOf } from "./errors.ts";
import { addressOf, type Place } from "./place.ts";

/** A store that does not answer by then is not there, ms. */
const patienceMs = 30_000;

/** The store cannot be used; one line for the operator: the setting, where, the code, and the likely reason. */
export class StoreCheckError extends Error {
  /** The store's or the system's, such as `NoSuchBucket` or `ECONNREFUSED`. */
  readonly code: string;

  constructor(message: string, code: string, cause: unknown) {
    super(message, { cause });
    this.name = "StoreCheckError";
    this.code = code;
  }
}

/**
 * Writes, reads a part of, and deletes a small object below `connvo-check/`.
 * @param endpoint - for messages
 * @throws StoreCheckError
 */
export async function checkStore(place: Place, endpoint: string): Promise<void> {
  const { client } = place;
  const address = addressOf(place, `connvo-check/${randomUUID()}`);
  const content = "connvo";
  const options = { abortSignal: AbortSignal.timeout(patienceMs) };
  const step = async <T>(doing: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw explained(error, doing, place, endpoint);
    }
  };
  await step("write", client.send(new PutObjectCommand({ ...address, Body: content }), options));
  const part = step(
    "read",
    client
      .send(new GetObjectCommand({ ...address, Range: "bytes=1-3" }), options)
      .then(({ Body }) => text(Body as Readable)),
  );
  const read = await part.catch(async (error: unknown) => {
    await client.send(new DeleteObjectCommand(address), options).catch(() => undefined);
    throw error;
  });
  await step("delete", client.send(new DeleteObjectCommand(address), options));
  if (read !== content.slice(1, 4)) {
    const code = "InvalidRange";
    throw new StoreCheckError(
      `CONNVO_S3_ENDPOINT: ${where(place, endpoint)} sends other bytes than the range asked for`,
      code,
      undefined,
    );
  }
}

/** Whether deleted files stay as old versions; undefined when that may not be asked or the store does not know. */
export async function isVersioned({ client, bucket }: Place): Promise<boolean | undefined> {
  try {
    const answer = await client.send(new GetBucketVersioningCommand({ Bucket: bucket }));
    return answer.Status === "Enabled";
  } catch {
    return undefined;
  }
}

const where = ({ bucket }: Place, endpoint: string) => `bucket ${bucket} at ${endpoint}`;

function explained(error: unknown, doing: string, place: Place, endpoint: string): Error {
  const code = codeOf(error);
  const { setting, reason } = explanations[code] ?? byStatus(error) ?? unknown(error);
  const message = `${setting}: cannot ${doing} in ${where(place, endpoint)}: ${code}; ${reason}`;
  return new StoreCheckError(message, code, error);
}

interface Explanation {
  setting: string;
  /** What is probably wrong, and with that what to do. */
  reason: string;
}

const region = {
  setting: "CONNVO_S3_REGION",
  reason: "the bucket is in another region, or the endpoint is of another one",
};
const rights = {
  setting: "CONNVO_S3_ACCESS_KEY",
  reason: "this key may not do that in the bucket",
};
const keyId = { setting: "CONNVO_S3_ACCESS_KEY", reason: "the store does not know this key" };
const bucket = { setting: "CONNVO_S3_BUCKET", reason: "there is no such bucket" };
const name = { setting: "CONNVO_S3_ENDPOINT", reason: "the host's name is not known" };
const unreachable = {
  setting: "CONNVO_S3_ENDPOINT",
  reason: "the store does not answer at this address",
};
const certificate = {
  setting: "CONNVO_S3_ENDPOINT",
  reason: "this machine does not trust the store's certificate (NODE_EXTRA_CA_CERTS adds issuers)",
};

const explanations: Readonly<Record<string, Explanation>> = {
  RequestTimeTooSkewed: {
    setting: "CONNVO_S3_ENDPOINT",
    reason: "the clock of this machine or of the store is wrong",
  },
  PermanentRedirect: region,
  AuthorizationHeaderMalformed: region,
  IllegalLocationConstraintException: region,
  AccessDenied: rights,
  NoSuchBucket: bucket,
  InvalidBucketName: bucket,
  InvalidAccessKeyId: keyId,
  SignatureDoesNotMatch: {
    setting: "CONNVO_S3_SECRET_KEY",
    reason: "the secret does not belong to the access key",
  },
  ENOTFOUND: name,
  EAI_AGAIN: name,
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ETIMEDOUT: unreachable,
  TimeoutError: unreachable,
  AbortError: unreachable,
  EPROTO: { setting: "CONNVO_S3_ENDPOINT", reason: "the store does not speak https there" },
  CERT_HAS_EXPIRED: certificate,
  DEPTH_ZERO_SELF_SIGNED_CERT: certificate,
  ERR_TLS_CERT_ALTNAME_INVALID: certificate,
  SELF_SIGNED_CERT_IN_CHAIN: certificate,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: certificate,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: certificate,
};

/** For stores with codes of their own. */
function byStatus(error: unknown): Explanation | undefined {
  if (statusOf(error) === 301) return region;
  if (statusOf(error) === 403) return rights;
  return undefined;
}

const unknown = (error: unknown): Explanation => ({
  setting: "CONNVO_S3_BUCKET",
  reason: error instanceof Error ? error.message : String(error),
});
