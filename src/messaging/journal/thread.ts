/** Entry of the thread that writes the journal of messages. It takes `WriterRequest`s and does background work between. */
import { parentPort } from "node:worker_threads";
import type { Recovered } from "../router/index.ts";
import { Carrying } from "./carrying.ts";
import { failureOf, type WriterAnswer, type WriterRequest } from "./requests.ts";
import { JournalWriter } from "./writer.ts";

if (!parentPort) throw new Error("the journal's writer is a thread of the server");
const port = parentPort;

let writer: JournalWriter | undefined;
let carrying: Carrying | undefined;
let isTidying = false;
/** Those that wait until there is nothing more to tidy. */
let retaining: number[] = [];

const answer = (told: WriterAnswer): void => port.postMessage(told);

port.on("message", (request: WriterRequest) => {
  const { id } = request;
  try {
    handle(request);
  } catch (error) {
    answer({ id, type: "failed", failure: failureOf(error) });
  }
  tidySoon();
});

function handle(request: WriterRequest): void {
  const { id } = request;
  switch (request.type) {
    case "open": {
      const { writer: made, recovered } = JournalWriter.open(request.options, request.recovery);
      writer = made;
      made.carryElsewhere();
      carrying = new Carrying({ ...request.carrying, writer: made });
      port.postMessage({ id, type: "opened", recovered } satisfies WriterAnswer, buffersOf(recovered));
      return;
    }
    case "append":
      opened().append(request.batch);
      answer({ id, type: "done" });
      return carrying?.written();
    case "figures":
      return answer({ id, type: "figures", figures: opened().figures() });
    case "retain":
      opened().retain(request.olderThanMs);
      retaining.push(id);
      return;
    case "close":
      carrying?.[Symbol.dispose]();
      writer?.close();
      writer = undefined;
      answer({ id, type: "done" });
      port.close();
  }
}

function opened(): JournalWriter {
  if (!writer) throw new Error("the journal is not open");
  return writer;
}

function tidySoon(): void {
  if (isTidying) return;
  isTidying = true;
  setImmediate(tidy);
}

/** One step, then whoever has come meanwhile. */
function tidy(): void {
  isTidying = false;
  if (!writer) return;
  try {
    if (writer.tidy()) {
      carrying?.written();
      return tidySoon();
    }
    for (const id of retaining) answer({ id, type: "done" });
  } catch (error) {
    // It is tried again after the next request; a full disk is told to whoever appends.
    for (const id of retaining) answer({ id, type: "failed", failure: failureOf(error) });
  }
  retaining = [];
}

/** What crosses to the other thread without a copy. */
const buffersOf = ({ pending, recent }: Recovered): ArrayBuffer[] =>
  [...Object.values(pending), recent.seqs, recent.atMs].flatMap(({ buffer }) =>
    buffer instanceof ArrayBuffer ? [buffer] : [],
  );
