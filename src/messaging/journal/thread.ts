/** Entry of the thread that writes the journal of messages. It takes `WriterRequest`s and does background work between. */
import { parentPort } from "node:worker_threads";
import { Answerer, type Reply } from "../../kernel/rpc/answerer.ts";
import type { FromCaller } from "../../kernel/rpc/protocol.ts";
import type { Recovered } from "../router/index.ts";
import { WalCheckpointer } from "./wal-checkpointer.ts";
import { failureOf, type WriterFailure, type WriterMethods } from "./requests.ts";
import { JournalWriter } from "./writer.ts";

if (!parentPort) throw new Error("the journal's writer is a thread of the server");
const port = parentPort;

let writer: JournalWriter | undefined;
let checkpointer: WalCheckpointer | undefined;
let isTidying = false;
/** Calls that wait until there is nothing more to tidy. */
let retaining: Reply<void, WriterFailure>[] = [];

const answerer = new Answerer<WriterMethods, WriterFailure>(
  {
    open(reply, options, recovery, parts) {
      const { writer: made, recovered } = JournalWriter.open(options, recovery);
      writer = made;
      made.checkpointElsewhere();
      checkpointer = new WalCheckpointer({ ...parts, writer: made });
      reply.done(recovered, buffersOf(recovered));
    },
    append(reply, batch) {
      opened().append(batch);
      reply.done();
      checkpointer?.written();
    },
    figures: (reply) => reply.done(opened().figures()),
    retain(reply, olderThanMs) {
      opened().retain(olderThanMs);
      retaining.push(reply);
    },
    deleteWorkspace(reply, workspace) {
      opened().deleteWorkspace(workspace);
      retaining.push(reply);
    },
    close(reply) {
      checkpointer?.[Symbol.dispose]();
      writer?.close();
      writer = undefined;
      reply.done();
      port.close();
    },
  },
  (message, transferred = []) => port.postMessage(message, transferred),
  failureOf,
);

port.on("message", (message: FromCaller) => {
  answerer.receive(message);
  tidySoon();
});

function opened(): JournalWriter {
  if (!writer) throw new Error("the journal is not open");
  return writer;
}

function tidySoon(): void {
  if (isTidying) return;
  isTidying = true;
  setImmediate(tidy);
}

/** One step; requests that arrived in the meantime are handled before the next one. */
function tidy(): void {
  isTidying = false;
  if (!writer) return;
  try {
    if (writer.tidy()) {
      checkpointer?.written();
      return tidySoon();
    }
    for (const reply of retaining) reply.done();
  } catch (error) {
    // It is tried again after the next request; the next append reports a full disk.
    for (const reply of retaining) reply.failed(error);
  }
  retaining = [];
}

/** What crosses to the other thread without a copy. */
const buffersOf = ({ pending, recent }: Recovered): ArrayBuffer[] =>
  [...Object.values(pending), recent.seqs, recent.atMs].flatMap(({ buffer }) =>
    buffer instanceof ArrayBuffer ? [buffer] : [],
  );
