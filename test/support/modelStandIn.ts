import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that the stand-in was sent. */
export interface ModelRequest {
  headers: IncomingHttpHeaders;
  body: {
    model: string;
    messages: { role: string; content: string }[];
    response_format?: { type: string };
    tools?: unknown;
  };
}

/** What it answers: the text of the model, an error, or nothing at all. */
export type ModelReply = { text: string } | { status: number } | "hang" | { bytes: number };

/** An endpoint that speaks OpenAI's protocol and says what it is told. */
export async function modelStandIn(reply: (request: ModelRequest) => ModelReply) {
  const requests: ModelRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const asked = {
        headers: request.headers,
        body: JSON.parse(Buffer.concat(chunks).toString()) as ModelRequest["body"],
      };
      requests.push(asked);
      const answer = reply(asked);
      if (answer === "hang") return;
      response.setHeader("content-type", "application/json");
      if ("status" in answer) {
        response.statusCode = answer.status;
        response.end(JSON.stringify({ error: { message: "out of order" } }));
        return;
      }
      const content = "bytes" in answer ? "x".repeat(answer.bytes) : answer.text;
      response.end(
        JSON.stringify({
          ...{ id: "1", object: "chat.completion", created: 1, model: asked.body.model },
          choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
          usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
