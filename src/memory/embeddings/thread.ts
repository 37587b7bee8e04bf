/** Entry of the thread in which a model makes vectors of texts. */
import { parentPort } from "node:worker_threads";
import { type Fault, toFault } from "../../kernel/errors.ts";
import { Answerer } from "../../kernel/rpc/answerer.ts";
import type { FromCaller } from "../../kernel/rpc/protocol.ts";
import { type Embed, loadModel } from "./load-model.ts";
import type { EmbedderMethods } from "./requests.ts";

if (!parentPort) throw new Error("embedders run in a thread of the server");
const port = parentPort;

let embed: Embed | undefined;

const answerer = new Answerer<EmbedderMethods, Fault>(
  {
    load(reply, model) {
      embed = loadModel(model);
      reply.done();
    },
    embed(reply, texts) {
      if (embed === undefined) throw new Error("no model is loaded");
      const vectors = embed(texts);
      reply.done(vectors, [vectors.buffer]);
    },
  },
  (message, transferred = []) => port.postMessage(message, transferred),
  toFault,
);
port.on("message", (message: FromCaller) => answerer.receive(message));
