/** Entry of the thread in which a model makes vectors of texts. */
import { parentPort, workerData } from "node:worker_threads";
import { toFault } from "../../kernel/errors.ts";
import { type Embed, loadModel } from "./load-model.ts";
import type { ThreadAnswer, ThreadModel, ThreadRequest } from "./requests.ts";

if (!parentPort) throw new Error("embedders run in a thread of the server");
const port = parentPort;

const answer = (told: ThreadAnswer, ...transferred: ArrayBuffer[]): void => port.postMessage(told, transferred);

function load(model: ThreadModel): Embed | undefined {
  try {
    return loadModel(model);
  } catch (error) {
    answer({ type: "failed", fault: toFault(error) });
    return undefined;
  }
}

const embed = load(workerData);
if (embed !== undefined) {
  port.on("message", ({ id, texts }: ThreadRequest) => {
    const vectors = embed(texts);
    answer({ type: "vectors", id, vectors }, vectors.buffer);
  });
  answer({ type: "ready" });
}
