import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { S3Client } from "@aws-sdk/client-s3";

export interface S3Settings {
  bucket: string;
  /** Absent: AWS, by region. */
  endpoint: string | undefined;
  region: string;
  accessKey: string;
  secretKey: string;
  /** Before every key: empty, or ending in `/`. */
  prefix: string;
  /** The bucket in the path instead of the host name. */
  forcePathStyle: boolean;
}

/** Connections at once: beyond all files that may be sent at once, because a paused player keeps its own. */
const maxSockets = 1_200;
/** A store that takes longer to answer is away, ms; a part of 16 MiB has to arrive before that. */
const answerMs = 300_000;
const connectMs = 10_000;

/** The SDK's client. Failed requests are repeated by it where that can help: a lost connection, 5xx, SlowDown. */
export function createS3Client(settings: S3Settings): S3Client {
  const { endpoint, region, accessKey, secretKey, forcePathStyle } = settings;
  const agent = { keepAlive: true, maxSockets };
  return new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    forcePathStyle,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    // Not every store knows the newer checksums, and some ignore what they do not know: Content-MD5 is checked by all.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 5,
    requestHandler: {
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
      connectionTimeout: connectMs,
      requestTimeout: answerMs,
      throwOnRequestTimeout: true,
      // A player that is paused takes nothing for as long as it likes.
      socketTimeout: 0,
    },
  });
}
