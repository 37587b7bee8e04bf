import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { RunEvent } from "../../runs/index.ts";
import type { Contents } from "../contents.ts";
import type { Database } from "../database.ts";
import { storedEvent } from "./stored-event.ts";

/** Time from an event to its entry in the index. Events of this time share a transaction, which is most of the cost of an entry. */
const DELAY_MS = 250;
const ROWS_PER_WRITE = 1_000;
/** Matches that a search considers, the newest ones. */
const MATCHES_MAX = 5_000;

/** Rows of the journal that match, newest first. */
const MATCHES = `SELECT j.run_id FROM (SELECT rowid AS seq FROM run_texts WHERE run_texts MATCH ? ORDER BY rowid DESC LIMIT ${MATCHES_MAX}) m JOIN journal j ON j.seq = m.seq`;
/** Conditions of lists, each with as many matches as question marks. */
export const RUN_MATCHES = `r.id IN (${MATCHES})`;
export const THREAD_MATCHES = `id IN (SELECT thread FROM runs WHERE id IN (${MATCHES})
  UNION ALL SELECT id FROM threads WHERE n IN (SELECT rowid FROM thread_titles WHERE thread_titles MATCH ? ORDER BY rowid DESC LIMIT ${MATCHES_MAX}))`;

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** A search for texts of a workspace that contain all words, each also as the beginning of a word, and phrases in quotes. */
export function matchOf(workspace: string, search: string): string {
  const terms = [...search.matchAll(/"([^"]*)"|([^\s"]+)/g)].map(([, phrase, word]) =>
    phrase === undefined ? `${quoted(word ?? "")}*` : quoted(phrase),
  );
  return `workspace : ${quoted(workspace)} AND - workspace : (${terms.length === 0 ? '""' : terms.join(" AND ")})`;
}

/** Deletes entries by their numbers. Only inside a write job. */
export function removeTexts(db: Database, seqs: readonly number[]): void {
  if (seqs.length === 0) return;
  const remove = db.sql("DELETE FROM run_texts WHERE rowid = ?");
  // The deletion leaves the rowid of an internal row as the last one inserted, which is too large for a number: run() would
  // throw, here and in each later statement, until another row is inserted.
  for (const seq of seqs) remove.all(seq);
  db.sql("INSERT OR REPLACE INTO text_mark (id, seq) SELECT id, seq FROM text_mark").run();
}

/** What users, agents and models wrote in a run, as the journal has it; undefined for other events. Of replies, only answers to questions are indexed. */
function textOf(event: RunEvent): string | undefined {
  if (event.type === "run-queue") return event.content.input;
  if (event.type === "run-input" || event.type === "reply-end") return event.content.text;
  if (event.type === "reply-wait")
    return event.content?.kind === "question"
      ? [event.content.question, ...event.content.options].join("\n")
      : undefined;
  return event.type === "run-complete" ? event.content.output : undefined;
}

/**
 * The full-text index of messages and answers. Its entries have the numbers of journal entries and follow from them: the
 * index continues after the last number that it has seen, also after a crash.
 */
export class TextIndex {
  readonly #db: Database;
  readonly #contents: Contents;
  #isScheduled = false;

  constructor(db: Database, contents: Contents) {
    this.#db = db;
    this.#contents = contents;
    this.#schedule();
  }

  /** Indexes these events soon. */
  add(events: readonly { readonly event: RunEvent }[]): void {
    if (events.some(({ event }) => textOf(event) !== undefined)) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => {
      this.#isScheduled = false;
      this.#db
        .write(() => this.#advance(), "soon")
        .then(
          (isWhole) => isWhole || this.#schedule(),
          (error: unknown) => log.debug({ err: error }, "texts of runs are indexed later"),
        );
    }, DELAY_MS).unref();
  }

  /** Whether no entry of the journal is left to look at. */
  #advance(): boolean {
    const sql = "SELECT seq, body FROM journal WHERE seq > (SELECT seq FROM text_mark) ORDER BY seq LIMIT ?";
    const rows = this.#db.sql(sql).all(ROWS_PER_WRITE);
    for (const { seq, body } of rows) this.#insert(Number(seq), String(body));
    const last = rows.at(-1);
    if (last !== undefined) this.#db.sql("UPDATE text_mark SET seq = ?").run(Number(last["seq"]));
    return rows.length < ROWS_PER_WRITE;
  }

  #insert(seq: number, body: string): void {
    if (!/"type":"(run-(queue|input|complete)|reply-(wait|end))"/.test(body)) return;
    const event = storedEvent(this.#contents, body);
    if (event.type === "reply-end" && !this.#isAnswer(event)) return;
    const text = textOf(event);
    if (text === undefined || text === "") return;
    // A run that was deleted meanwhile gets no entry.
    this.#db
      .sql(
        `INSERT INTO run_texts (rowid, workspace, text)
         SELECT seq, workspace, ? FROM journal JOIN runs ON id = run_id WHERE seq = ?`,
      )
      .run(text.slice(0, LIMITS.searchedCharsMax), seq);
  }

  /** Whether it is a user's answer to a question of a model. */
  #isAnswer({ replyWith, outcome }: Extract<RunEvent, { type: "reply-end" }>): boolean {
    if (outcome !== "answered") return false;
    const sql = "SELECT body FROM journal WHERE seq = (SELECT wait_seq FROM reply_waits WHERE reply_with = ?)";
    const wait = this.#db.sql(sql).get(replyWith);
    if (wait === undefined) return false;
    const asked = storedEvent(this.#contents, String(wait["body"]));
    return asked.type === "reply-wait" && asked.content?.kind === "question";
  }
}
