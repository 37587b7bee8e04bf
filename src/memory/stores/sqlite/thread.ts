/** Entry point of the thread that owns memory's file and indexes. Concurrent changes share a transaction; indexing runs in between. */
import { dirname, join } from "node:path";
import { parentPort } from "node:worker_threads";
import { toFault } from "../../../kernel/errors.ts";
import { log } from "../../../kernel/log.ts";
import { Answerer, type Reply } from "../../../kernel/rpc/answerer.ts";
import type { FromCaller, ToCaller } from "../../../kernel/rpc/protocol.ts";
import { type Done, EmbeddedMemory, type Job } from "./embedded-memory.ts";
import { copyError, memoryError } from "./errors.ts";
import { FileGuard } from "./files/file-guard.ts";
import { copyMemory, forgetInSnapshots, verifyMemory } from "./files/snapshot-files.ts";
import type { NameFilter } from "./name-filter.ts";
import { failureOf, type MemoryFailure, type MemoryMethods, type MemoryNotice } from "./requests.ts";

if (!parentPort) throw new Error("memory is a thread of the server");
const port = parentPort;

let memory: EmbeddedMemory | undefined;
let guard: FileGuard | undefined;
let file = "";
type Answer<Value> = Reply<Value, MemoryFailure, number>;
type Waiting = { readonly reply: Answer<Done>; readonly job: Job };
let jobs: Waiting[] = [];
let isFlushing = false;
let isIndexing = false;
let copying: Promise<void> | undefined;
/** Calls that wait until everything is indexed. */
let reindexing: Answer<void>[] = [];
/**
 * Searches and walks that wait for kept indexes. To read them takes about a second for a million entities: a caller within it
 * is better served with all that is known a moment later than with next to nothing at once. Other calls are answered meanwhile.
 */
let unlooked: (() => void)[] = [];

/** The names that the other side knows of. */
let sentNames: NameFilter | undefined;

type Sent = ToCaller<MemoryFailure, number, MemoryNotice>;
const notify = (notice: MemoryNotice): void => port.postMessage({ type: "notice", notice } satisfies Sent);

const answerer = new Answerer<MemoryMethods, MemoryFailure, number>(
  {
    open(reply, options, logLevel) {
      ({ file } = options);
      log.level = logLevel;
      memory = EmbeddedMemory.open(options);
      guard = new FileGuard({ memory, file }, (fault) => notify({ type: "fault", fault: fault && toFault(fault) }));
      reply.done();
      indexSoon();
    },
    do: change,
    reindex(reply) {
      opened().rebuild();
      reindexing.push(reply);
      indexSoon();
    },
    copy,
    verify(reply, other) {
      verifyMemory(other);
      reply.done();
    },
    close,
    find: (reply, keys) => reply.done(opened().reading.find(keys)),
    findIds: (reply, ...args) => reply.done(opened().reading.findIds(...args)),
    get: (reply, ids) => reply.done(opened().reading.get(ids)),
    search: (reply, search) => whenLoaded(reply, (of) => reply.done(of.search(search))),
    list: (reply, ...args) => reply.done(opened().reading.list(...args)),
    relations: (reply, ...args) => reply.done(opened().reading.relations(...args)),
    relation: (reply, id) => reply.done(opened().reading.relation(id)),
    walk: (reply, walk) => whenLoaded(reply, (of) => reply.done(of.reading.walk(walk))),
    log: (reply, ...args) => reply.done(opened().reading.log(...args)),
    history: (reply, id) => reply.done(opened().reading.history(id)),
    unembedded: (reply, ...args) => reply.done(opened().unembedded(...args)),
    model: (reply) => reply.done(looked().model()),
    stats: (reply) => reply.done(looked().stats()),
    check,
  },
  (message, transferred = []) => port.postMessage(message, transferred),
  (error) => failureOf(memoryError(error, file)),
);

port.on("message", (message: FromCaller) => answerer.receive(message));

function change(reply: Answer<Done>, job: Job): void {
  // Nothing is forgotten in memory that a copy running still has.
  if (copying && job.type === "forget") return later(reply, copying, () => change(reply, job));
  jobs.push({ reply, job });
  flushSoon();
}

function check(reply: Answer<ReturnType<EmbeddedMemory["check"]>>, repair: boolean): void {
  const of = looked();
  if (guard?.saving) return later(reply, guard.saving, () => check(reply, repair));
  reply.done([...(guard?.problems() ?? []), ...of.check(repair && !guard?.fault)]);
}

function copy(reply: Answer<void>, to: string): void {
  guard?.look();
  const busy = copying ?? guard?.saving;
  if (busy) return later(reply, busy, () => copy(reply, to));
  opened();
  copying = (guard?.fault ? guard.copyTo(to) : copyMemory(file, to))
    .then(
      () => reply.done(),
      (error: unknown) => reply.failed(copyError(error, { file, to })),
    )
    .finally(() => {
      copying = undefined;
    });
}

function close(reply: Answer<void>): void {
  guard?.finalCheck();
  flush();
  const busy = copying ?? guard?.saving;
  if (busy) return later(reply, busy, () => close(reply));
  memory?.close();
  memory = undefined;
  guard = undefined;
  reply.done();
  port.close();
}

/** Runs the work when that is done, or has failed. */
function later(reply: Answer<never>, until: Promise<void>, work: () => void): void {
  void until.finally(() => reply.try(work));
}

/** Runs the work once kept indexes are read. */
function whenLoaded(reply: Answer<never>, work: (of: EmbeddedMemory) => void): void {
  const of = opened();
  if (of.isLoading) unlooked.push(() => reply.try(() => whenLoaded(reply, work)));
  else work(of);
}

/** The memory, after a look whether its file is there. */
function looked(): EmbeddedMemory {
  const of = opened();
  guard?.look();
  return of;
}

function opened(): EmbeddedMemory {
  if (!memory) throw new Error("memory is not open");
  return memory;
}

function sendNames(names: NameFilter | undefined): void {
  if (!names || names === sentNames) return;
  sentNames = names;
  notify({ type: "names", names: names.shared });
}

function flushSoon(): void {
  if (isFlushing) return;
  isFlushing = true;
  setImmediate(flush);
}

/** Writes all queued changes in one transaction; one by one if one of them fails. */
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
      if (alone) one.reply.failed(alone.error);
    }
  } else if (failure) for (const { reply } of now) reply.failed(failure.error);
  indexSoon();
}

/** Does some in one transaction and answers them; or says why nothing of them is there. */
function done(some: readonly Waiting[]): { readonly error: unknown } | undefined {
  if (guard?.fault) return { error: guard.fault };
  const forgetting = some.filter(isForgetting);
  let results: readonly Done[] | undefined;
  const report = (those: "deletions" | "others") => {
    for (const [at, one] of some.entries())
      if (isForgetting(one) === (those === "deletions")) one.reply.done(results?.[at]);
  };
  try {
    const of = some.map(({ job }) => job);
    forgetInSnapshots(join(dirname(file), "snapshots"), of);
    opened().run(of, (values) => {
      results = values;
      report("others");
    });
  } catch (error) {
    // It is on disk: nothing of it is done again. The thread ends, and the next one makes its indexes of the file.
    if (results) throw error;
    return { error };
  }
  if (forgetting.length === 0) return undefined;
  try {
    opened().scrub();
    report("deletions");
  } catch (error) {
    // It is forgotten, but not nowhere yet: that is owed, and done when it can be.
    for (const { reply } of forgetting) reply.failed(error);
  }
  return undefined;
}

const isForgetting = ({ job }: Waiting): boolean => job.type === "forget";

function indexSoon(): void {
  if (isIndexing) return;
  isIndexing = true;
  setImmediate(index);
}

/** Runs one step, then the requests that arrived in the meantime. */
function index(): void {
  isIndexing = false;
  if (!memory) return;
  const isMore = indexSome(memory);
  if (!memory.isLoading) for (const look of unlooked.splice(0)) look();
  if (isMore) return indexSoon();
  try {
    if (memory.names.readSome()) return indexSoon();
    sendNames(memory.names.filter);
    // No request waits for it; under continuous load a commit does it periodically.
    if (jobs.length === 0 && !guard?.saving) memory.carryLog();
  } catch (error) {
    log.error(
      { err: memoryError(error, file) },
      "failed to read the names of memory, or to checkpoint its WAL; continuing",
    );
  }
}

/** Whether there is more to be indexed. */
function indexSome(of: EmbeddedMemory): boolean {
  try {
    const isMore = of.indexSome();
    for (const reply of reindexing) reply.part(of.indexed);
    if (isMore) return true;
    for (const reply of reindexing) reply.done();
  } catch (error) {
    log.error({ err: memoryError(error, file) }, "memory cannot be indexed to its end; searches find what is");
    for (const reply of reindexing) reply.failed(error);
  }
  reindexing = [];
  return false;
}
