/** The other client of the limits: asks for its agents every 20 ms on a thread of its own, until a message; then it reports its waits. */
import { parentPort, workerData } from "node:worker_threads";
import { sleep } from "./stage.ts";

const { url, key }: { url: string; key: string } = workerData;
const waits: number[] = [];
const over = new AbortController();
parentPort?.once("message", () => over.abort());

while (!over.signal.aborted) {
  const begun = performance.now();
  const response = await fetch(`${url}/api/v1/agents`, { headers: { authorization: `Bearer ${key}` } });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`the other client got ${response.status}`);
  waits.push(performance.now() - begun);
  await sleep(20);
}
parentPort?.postMessage(waits);
