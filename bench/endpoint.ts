// An OpenAI-compatible endpoint for `http-model.ts` that answers every request at once, as a stream of twenty pieces. Prints its base URL.
import { createServer } from "node:http";
import { stdout } from "node:process";

const PIECES = 20;
const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "bench", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const ANSWER = [
  chunk({ role: "assistant", content: "" }, null),
  ...Array.from({ length: PIECES }, () => chunk({ content: "some words " }, null)),
  chunk({}, "stop"),
  `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "bench", choices: [], usage: { prompt_tokens: 10, completion_tokens: 40, total_tokens: 50 } })}\n\n`,
  "data: [DONE]\n\n",
].join("");

const server = createServer((request, response) => {
  request.resume().once("end", () => response.writeHead(200, { "content-type": "text/event-stream" }).end(ANSWER));
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  stdout.write(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/v1\n`);
});
