/** Entry of the thread that has memory's file and indexes. Changes that come together share a transaction; indexing goes on between. */
import { dirname, join } from "node:path";
import { parentPort } from "node:worker_threads";
import { toFault } from "../../../kernel/errors.ts";
import { log } from "../../../kernel/log.ts";
import { type Done, EmbeddedMemory, type Job } from "./embedded-memory.ts";
import { copyError, memoryError } from "./errors.ts";
import { FileGuard } from "./file-guard.ts";
import { copyMemory, forgetInSnapshots, verifyMemory } from "./snapshot-files.ts";
import type { NameFilter } from "./name-filter.ts";
import { failed, type MemoryAnswer, type MemoryRequest, type Question } from "./requests.ts";

if (!parentPort) throw new Error("memory is a thread of the server");
const port = parentPort;

let memory: EmbeddedMemory | undefined;
let guard: FileGuard | undefined;
let file = "";
type Waiting = { readonly id: number; readonly job: Job };
let jobs: Waiting[] = [];
let isFlushing = false;
let isIndexing = false;
let copying: Promise<void> | undefined;
/** Those that wait until everything is indexed. */
let reindexing: number[] = [];
/**
 * Searches and walks that wait for kept indexes. To read them takes about a second for a million entities: whoever asks within it
 * is better off with all that is known a moment later than with next to nothing at once. All others are answered meanwhile.
 */
let unlooked: MemoryRequest[] = [];

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
      guard = new FileGuard({ memory, file }, (trouble) =>
        answer({ id: 0, type: "trouble", fault: trouble && toFault(trouble) }),
      );
      answer({ id, type: "done", value: undefined });
      return indexSoon();
    case "job":
      // Nothing is forgotten in memory that a copy under way still has.
      if (copying && request.job.type === "forget") return later(request, copying);
      jobs.push({ id, job: request.job });
      return flushSoon();
    case "ask":
      return ask(request);
    case "reindex":
      opened().rebuild();
      reindexing.push(id);
      return indexSoon();
    case "copy":
      guard?.look();
      if (copying || guard?.saving) return later(request, copying ?? guard?.saving);
      opened();
      return copy(id, request.to);
    case "verify":
      verifyMemory(request.other);
      return answer({ id, type: "done", value: undefined });
    case "close":
      guard?.lookLast();
      flush();
      if (copying || guard?.saving) return later(request, copying ?? guard?.saving);
      memory?.close();
      memory = undefined;
      guard = undefined;
      answer({ id, type: "done", value: undefined });
      port.close();
  }
}

/** When what is under way is done, or has failed. */
function later(request: MemoryRequest, until: Promise<void> | undefined): void {
  void until?.finally(() => port.emit("message", request));
}

function ask(question: Extract<MemoryRequest, { type: "ask" }>): void {
  const of = opened();
  const { id, name } = question;
  if (of.isLoading && (name === "search" || name === "walk")) {
    unlooked.push(question);
    return;
  }
  if (name === "check" || name === "figures" || name === "model") guard?.look();
  if (name === "check" && guard?.saving) return later(question, guard.saving);
  const value = valueOf(question, of);
  answer({ id, type: "done", value });
}

function copy(id: number, to: string): void {
  copying = (guard?.trouble ? guard.copyTo(to) : copyMemory(file, to))
    .then(
      () => answer({ id, type: "done", value: undefined }),
      (error: unknown) => fail(id, copyError(error, { file, to })),
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
      return [...(guard?.problems() ?? []), ...of.check(question.args[0] && !guard?.trouble)];
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
  if (jobs.length === 0) return;
  guard?.look();
  if (guard?.saving) {
    void guard.saving.finally(flushSoon);
    return;
  }
  const now = jobs;
  jobs = [];
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
  if (guard?.trouble) return { error: guard.trouble };
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
  const isMore = indexSome(memory);
  if (!memory.isLoading) for (const question of unlooked.splice(0)) port.emit("message", question);
  if (isMore) return indexSoon();
  try {
    if (memory.names.readSome()) return indexSoon();
    tellNames(memory.names.filter);
    // Nobody waits for it; who comes all the time has it done by a commit now and then.
    if (jobs.length === 0 && !guard?.saving) memory.carryLog();
  } catch (error) {
    log.error(
      { err: memoryError(error, file) },
      "memory's names cannot be read, or its log not written back; it goes on",
    );
  }
}

/** Whether there is more to be indexed. */
function indexSome(of: EmbeddedMemory): boolean {
  try {
    const isMore = of.indexSome();
    for (const id of reindexing) answer({ id, type: "progress", indexed: of.indexed });
    if (isMore) return true;
    for (const id of reindexing) answer({ id, type: "done", value: undefined });
  } catch (error) {
    log.error({ err: memoryError(error, file) }, "memory cannot be indexed to its end; searches find what is");
    for (const id of reindexing) fail(id, error);
  }
  reindexing = [];
  return false;
}
