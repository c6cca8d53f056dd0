import autocannon from "autocannon";

export interface Target {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Connections that ask again as soon as they are answered. */
const connections = 16;

/** Sends that many requests. @throws Error when one was not answered with 200 */
export async function sendRequests(target: Target, amount: number): Promise<void> {
  const { url, headers, body } = target;
  const result = await autocannon({ url, method: "POST", headers, body, connections, amount });
  const good = result["2xx"];
  if (good !== amount) throw new Error(`${amount - good} of ${amount} requests failed`);
}
