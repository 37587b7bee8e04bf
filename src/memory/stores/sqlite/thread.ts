/** Entry of the thread that has memory's file and indexes. Changes that come together share a transaction; indexing goes on between. */
import { dirname, join } from "node:path";
import { parentPort } from "node:worker_threads";
import { toFault } from "../../../kernel/errors.ts";
import { log } from "../../../kernel/log.ts";
import { Answerer, type Reply } from "../../../kernel/rpc/answerer.ts";
import type { FromCaller, ToCaller } from "../../../kernel/rpc/protocol.ts";
import { type Done, EmbeddedMemory, type Job } from "./embedded-memory.ts";
import { copyError, memoryError } from "./errors.ts";
import { FileGuard } from "./file-guard.ts";
import { copyMemory, forgetInSnapshots, verifyMemory } from "./snapshot-files.ts";
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
let toldNames: NameFilter | undefined;

type Sent = ToCaller<MemoryFailure, number, MemoryNotice>;
const notify = (notice: MemoryNotice): void => port.postMessage({ type: "notice", notice } satisfies Sent);

const answerer = new Answerer<MemoryMethods, MemoryFailure, number>(
  {
    open(reply, options, logLevel) {
      ({ file } = options);
      log.level = logLevel;
      memory = EmbeddedMemory.open(options);
      guard = new FileGuard({ memory, file }, (trouble) =>
        notify({ type: "trouble", fault: trouble && toFault(trouble) }),
      );
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
    figures: (reply) => reply.done(looked().figures()),
    check,
  },
  (message, transferred = []) => port.postMessage(message, transferred),
  (error) => failureOf(memoryError(error, file)),
);

port.on("message", (message: FromCaller) => answerer.receive(message));

function change(reply: Answer<Done>, job: Job): void {
  // Nothing is forgotten in memory that a copy under way still has.
  if (copying && job.type === "forget") return later(reply, copying, () => change(reply, job));
  jobs.push({ reply, job });
  flushSoon();
}

function check(reply: Answer<ReturnType<EmbeddedMemory["check"]>>, mend: boolean): void {
  const of = looked();
  if (guard?.saving) return later(reply, guard.saving, () => check(reply, mend));
  reply.done([...(guard?.problems() ?? []), ...of.check(mend && !guard?.trouble)]);
}

function copy(reply: Answer<void>, to: string): void {
  guard?.look();
  const busy = copying ?? guard?.saving;
  if (busy) return later(reply, busy, () => copy(reply, to));
  opened();
  copying = (guard?.trouble ? guard.copyTo(to) : copyMemory(file, to))
    .then(
      () => reply.done(),
      (error: unknown) => reply.failed(copyError(error, { file, to })),
    )
    .finally(() => {
      copying = undefined;
    });
}

function close(reply: Answer<void>): void {
  guard?.lookLast();
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

function tellNames(names: NameFilter | undefined): void {
  if (!names || names === toldNames) return;
  toldNames = names;
  notify({ type: "names", names: names.shared });
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
      if (alone) one.reply.failed(alone.error);
    }
  } else if (failure) for (const { reply } of now) reply.failed(failure.error);
  indexSoon();
}

/** Does some in one transaction and answers them; or says why nothing of them is there. */
function done(some: readonly Waiting[]): { readonly error: unknown } | undefined {
  if (guard?.trouble) return { error: guard.trouble };
  const forgetting = some.filter(isForgetting);
  let told: readonly Done[] | undefined;
  const tell = (those: "who-forgets" | "others") => {
    for (const [at, one] of some.entries())
      if (isForgetting(one) === (those === "who-forgets")) one.reply.done(told?.[at]);
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

/** One step, then whoever has come meanwhile. */
function index(): void {
  isIndexing = false;
  if (!memory) return;
  const isMore = indexSome(memory);
  if (!memory.isLoading) for (const look of unlooked.splice(0)) look();
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
