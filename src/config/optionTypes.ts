import { z } from "zod";

export const text = z.string().min(1);
export const optionalText = text.optional();
export const flag = z
  .enum(["0", "1", "false", "true"])
  .transform((value) => value === "1" || value === "true");
export const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
export const port = whole(0, 65_535);
export const duration = whole(1, 7 * 24 * 3600);
/** Up to a hundred years; 0 = for ever. */
export const keptDays = whole(0, 36_500);
/** Without a name and password in it: addresses are logged and given to everybody. */
export const httpUrl = z
  .url({ protocol: /^https?$/ })
  .refine((value) => {
    if (!URL.canParse(value)) return true;
    const { username, password } = new URL(value);
    return username === "" && password === "";
  }, "must not contain a user name or password")
  .transform((value) => value.replace(/\/+$/, ""));

/** What a browser takes as the address of an ICE server (RFC 7064, RFC 7065). */
const iceUrl = z
  .string()
  .regex(
    /^(stuns?:[^\s/?]+|turns?:[^\s/?]+(\?transport=(udp|tcp))?)$/,
    "must hold stun:, stuns:, turn: or turns: addresses",
  );

/** Addresses and networks of proxies, with commas between. */
export const networks = text
  .transform((value) => value.split(",").map((network) => network.trim()))
  .pipe(
    z.array(
      z.union(
        [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
        "must be addresses or networks such as 10.0.0.0/8",
      ),
    ),
  );

/** RTCIceServer objects as JSON; a message about it never quotes it, since it may hold a credential. */
export const iceServers = text
  .transform((value, context) => {
    try {
      return JSON.parse(value) as unknown;
    } catch {
      context.addIssue("must be JSON");
      return z.NEVER;
    }
  })
  .pipe(
    z.array(
      z.object({
        urls: z.union([iceUrl, z.array(iceUrl)]),
        username: optionalText,
        credential: optionalText,
      }),
    ),
  );

export const list = text.transform((value) =>
  value
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ""),
);

/** Schemes, hosts and ports without anything behind them, with commas between. */
export const origins = list.pipe(
  z.array(
    httpUrl
      .refine(
        (value) => !URL.canParse(value) || new URL(value).href === `${new URL(value).origin}/`,
        "must be origins such as https://hooks.internal:8443, without a path",
      )
      .transform((value) => new URL(value).origin),
  ),
);

export const turnUrls = text
  .transform((value) => value.split(",").map((url) => url.trim()))
  .pipe(
    z.array(
      z
        .string()
        .regex(/^turns?:[^\s/?]+(\?transport=(udp|tcp))?$/, "must be turn: or turns: addresses"),
    ),
  );

/** Not an address: `s3://…` and paths are what people try first. */
export const bucketName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]+$/, "must be the name of a bucket, without s3:// or a path");

/** What stands before keys in a bucket; with a `/` at its end, whether given with one or not. */
export const keyPrefix = z
  .string()
  .regex(
    /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\/?$/,
    "must be names of letters, digits, '.', '_' and '-' with a '/' between",
  )
  .transform((value) => (value.endsWith("/") ? value : `${value}/`));
