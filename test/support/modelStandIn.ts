import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that the stand-in for a language model was sent. */
export interface ModelRequest {
  headers: IncomingHttpHeaders;
  body: {
    model: string;
    messages: { role: string; content: string }[];
    response_format?: { type: string };
    tools?: unknown;
  };
}

/** A request that the stand-in for an embedding model was sent. */
export interface EmbeddingRequest {
  headers: IncomingHttpHeaders;
  body: { model: string; input: string[]; encoding_format?: string };
}

/** An error, an answer that is far too long, or none at all. */
type Failure = { status: number; message?: string } | "hang" | { bytes: number };
/** What it answers: the text of the model. */
export type ModelReply = { text: string } | Failure;
/** What it answers: one vector for each text. */
export type EmbeddingReply = { vectors: number[][] } | Failure;

/** An endpoint that speaks OpenAI's protocol (`/chat/completions`) and says what it is told. */
export function modelStandIn(reply: (request: ModelRequest) => ModelReply) {
  return standIn<ModelRequest, { text: string }>(reply, ({ text: content }, { model }) => ({
    ...{ id: "1", object: "chat.completion", created: 1, model },
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }));
}

/** An endpoint that speaks OpenAI's protocol (`/embeddings`) and gives the vectors it is told. */
export function embeddingStandIn(reply: (request: EmbeddingRequest) => EmbeddingReply) {
  return standIn<EmbeddingRequest, { vectors: number[][] }>(reply, ({ vectors }, { model }) => ({
    ...{ object: "list", model, usage: { prompt_tokens: 1, total_tokens: 1 } },
    data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
  }));
}

async function standIn<
  Request extends { headers: IncomingHttpHeaders; body: { model: string } },
  Reply extends object,
>(
  reply: (request: Request) => Reply | Failure,
  answerOf: (reply: Reply, body: Request["body"]) => object,
) {
  const requests: Request[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      const asked = { headers: request.headers, body } as Request;
      requests.push(asked);
      const answer = reply(asked);
      if (answer === "hang") return;
      response.setHeader("content-type", "application/json");
      if ("status" in answer) {
        response.statusCode = answer.status;
        response.end(JSON.stringify({ error: { message: answer.message ?? "out of order" } }));
      } else if ("bytes" in answer) response.end(`"${"x".repeat(answer.bytes)}"`);
      else response.end(JSON.stringify(answerOf(answer, asked.body)));
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
