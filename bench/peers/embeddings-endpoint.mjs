// An endpoint with OpenAI's protocol for embeddings that answers at once, always with the same vector: what is left is the way to
// it. `node embeddings-endpoint.mjs <dims>` prints its address, and ends when its input does.
import { createServer } from "node:http";

const vector = Float32Array.from({ length: Number(process.argv[2]) }, (_none, at) => Math.sin(at + 1));
/** As JSON, in both forms that may be asked for. */
const FORMS = {
  float: JSON.stringify(Array.from(vector)),
  base64: JSON.stringify(Buffer.from(vector.buffer).toString("base64")),
};

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const { input, model, encoding_format: form = "float" } = JSON.parse(Buffer.concat(parts).toString());
    const data = input.map((_text, at) => `{"object":"embedding","index":${at},"embedding":${FORMS[form]}}`);
    response.setHeader("content-type", "application/json");
    response.end(`{"object":"list","model":${JSON.stringify(model)},"data":[${data.join(",")}]}`);
  });
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}/v1\n`));
process.stdin.resume().on("end", () => process.exit(0));
