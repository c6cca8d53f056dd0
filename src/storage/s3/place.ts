import type { S3Client } from "@aws-sdk/client-s3";

/** Where objects are: a bucket and what stands before every key in it. */
export interface Place {
  client: S3Client;
  bucket: string;
  prefix: string;
}

/** How requests name an object. */
export const addressOf = ({ bucket, prefix }: Place, key: string) => ({
  Bucket: bucket,
  Key: `${prefix}${key}`,
});
