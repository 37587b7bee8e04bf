/** Entry of the thread that has memory's file and indexes. Changes that come together share a transaction; indexing goes on between. */
import { dirname, join } from "node:path";
import { parentPort } from "node:worker_threads";
import { log } from "../../../kernel/log.ts";
import { type Done, EmbeddedMemory, type Job } from "./embedded-memory.ts";
import { memoryError } from "./errors.ts";
import { copyMemory, forgetInSnapshots, verifyMemory } from "./snapshot-files.ts";
import type { NameFilter } from "./name-filter.ts";
import { failed, type MemoryAnswer, type MemoryRequest, type Question } from "./requests.ts";

if (!parentPort) throw new Error("memory is a thread of the server");
const port = parentPort;

let memory: EmbeddedMemory | undefined;
let file = "";
type Waiting = { readonly id: number; readonly job: Job };
let jobs: Waiting[] = [];
let isFlushing = false;
let isIndexing = false;
let copying: Promise<void> | undefined;
/** Those that wait until everything is indexed. */
let reindexing: number[] = [];

/** The names that the other side knows of. */
let toldNames: NameFilter | undefined;

const answer = (told: MemoryAnswer): void => port.postMessage(told);
const fail = (id: number, error: unknown): void => answer(failed(id, memoryError(error, file)));

port.on("message", (request: MemoryRequest) => {
  try {
    handle(request);
  } catch (error) {
    fail(request.id, error);
  }
});

function handle(request: MemoryRequest): void {
  const { id } = request;
  switch (request.type) {
    case "open":
      ({ file } = request);
      log.level = request.logLevel;
      memory = EmbeddedMemory.open(request);
      answer({ id, type: "done", value: undefined });
      return indexSoon();
    case "job":
      // Nothing is forgotten in memory that a copy under way still has.
      if (copying && request.job.type === "forget") return later(request);
      jobs.push({ id, job: request.job });
      return flushSoon();
    case "ask":
      return answer({ id, type: "done", value: valueOf(request, opened()) });
    case "reindex":
      opened().rebuild();
      reindexing.push(id);
      return indexSoon();
    case "copy":
      if (copying) return later(request);
      opened();
      return copy(id, request.to);
    case "verify":
      verifyMemory(request.other);
      return answer({ id, type: "done", value: undefined });
    case "close":
      if (copying) return later(request);
      flush();
      memory?.close();
      memory = undefined;
      answer({ id, type: "done", value: undefined });
      port.close();
  }
}

/** When the copy under way is made, or has failed. */
function later(request: MemoryRequest): void {
  void copying?.finally(() => port.emit("message", request));
}

function copy(id: number, to: string): void {
  copying = copyMemory(file, to)
    .then(
      () => answer({ id, type: "done", value: undefined }),
      (error: unknown) => fail(id, error),
    )
    .finally(() => {
      copying = undefined;
    });
}

function valueOf(question: Question, of: EmbeddedMemory): unknown {
  switch (question.name) {
    case "find":
      return of.reading.find(...question.args);
    case "findIds":
      return of.reading.findIds(...question.args);
    case "get":
      return of.reading.get(...question.args);
    case "search":
      return of.search(...question.args);
    case "list":
      return of.reading.list(...question.args);
    case "relations":
      return of.reading.relations(...question.args);
    case "relation":
      return of.reading.relation(...question.args);
    case "walk":
      return of.reading.walk(...question.args);
    case "log":
      return of.reading.log(...question.args);
    case "history":
      return of.reading.history(...question.args);
    case "unembedded":
      return of.unembedded(...question.args);
    case "model":
      return of.model();
    case "figures":
      return of.figures();
    case "check":
      return of.check(...question.args);
  }
}

function opened(): EmbeddedMemory {
  if (!memory) throw new Error("memory is not open");
  return memory;
}

function tellNames(names: NameFilter | undefined): void {
  if (!names || names === toldNames) return;
  toldNames = names;
  answer({ id: 0, type: "names", names: names.shared });
}

function flushSoon(): void {
  if (isFlushing) return;
  isFlushing = true;
  setImmediate(flush);
}

/** All that has come meanwhile, in one transaction; each by itself when one of them fails. */
function flush(): void {
  isFlushing = false;
  const now = jobs;
  jobs = [];
  if (now.length === 0) return;
  const failure = done(now);
  if (failure && now.length > 1) {
    for (const one of now) {
      const alone = done([one]);
      if (alone) fail(one.id, alone.error);
    }
  } else if (failure) for (const { id } of now) fail(id, failure.error);
  indexSoon();
}

/** Does some in one transaction and answers them; or says why nothing of them is there. */
function done(some: readonly Waiting[]): { readonly error: unknown } | undefined {
  const forgetting = some.filter(isForgetting);
  let told: readonly Done[] | undefined;
  const tell = (those: "who-forgets" | "others") => {
    for (const [at, one] of some.entries())
      if (isForgetting(one) === (those === "who-forgets")) answer({ id: one.id, type: "done", value: told?.[at] });
  };
  try {
    const of = some.map(({ job }) => job);
    forgetInSnapshots(join(dirname(file), "snapshots"), of);
    opened().run(of, (values) => {
      told = values;
      tell("others");
    });
  } catch (error) {
    // It is on disk: nothing of it is done again. The thread ends, and the next one makes its indexes of the file.
    if (told) throw error;
    return { error };
  }
  if (forgetting.length === 0) return undefined;
  try {
    opened().wipe();
    tell("who-forgets");
  } catch (error) {
    // It is forgotten, but not nowhere yet: that is owed, and done when it can be.
    for (const { id } of forgetting) fail(id, error);
  }
  return undefined;
}

const isForgetting = ({ job }: Waiting): boolean => job.type === "forget";

function indexSoon(): void {
  if (isIndexing) return;
  isIndexing = true;
  setImmediate(index);
}

/** One step, then whoever has come meanwhile. */
function index(): void {
  isIndexing = false;
  if (!memory) return;
  try {
    const isMore = memory.indexSome();
    for (const id of reindexing) answer({ id, type: "progress", indexed: memory.indexed });
    if (isMore) return indexSoon();
    for (const id of reindexing) answer({ id, type: "done", value: undefined });
  } catch (error) {
    log.error({ err: memoryError(error, file) }, "memory cannot be indexed to its end; searches find what is");
    for (const id of reindexing) fail(id, error);
  }
  reindexing = [];
  try {
    if (memory.names.readSome()) return indexSoon();
    tellNames(memory.names.filter);
    // Nobody waits for it; who comes all the time has it done by a commit now and then.
    if (jobs.length === 0) memory.carryLog();
  } catch (error) {
    log.error(
      { err: memoryError(error, file) },
      "memory's names cannot be read, or its log not written back; it goes on",
    );
  }
}
