import {
  operations,
  requestPath,
  type RunDetail,
  type ServerEvent,
  system,
  type Thread,
  type Turn,
} from "../../api/contract/index.ts";
import { type FileToSend, follow } from "../client/index.ts";
import { type Context, reportError, sendFiles } from "../frame/index.ts";
import { askBelow, followRun, type FollowRunOptions, isAnswerable } from "../run/index.ts";
import { oneLine, showBytes } from "../terminal/index.ts";
import type { ChatTarget } from "./chat-target.ts";
import type { LineEditor } from "./line-editor.ts";
import { userLine } from "./show-turns.ts";

type Attached = { readonly id: string; readonly file: FileToSend };
type Sending = {
  readonly input?: string;
  readonly insteadOf?: string;
  readonly whenBusy?: "queue" | "steer" | "interrupt";
};

const TURNS_READ = 50;

/**
 * A chat with one agent: what is sent, and the turns of its thread as they come.
 *
 * chat.session.C1. Turns are printed one after another in the order of the branch, also those that other clients send.
 * chat.session.C2. Each turn is printed once.
 */
export class ChatSession {
  readonly context: Context;
  readonly editor: LineEditor;
  agent: string;
  thread: Thread | undefined;
  /** Model of the messages to send, instead of the definition's. */
  model: string | undefined;
  /** The next message replaces that of this turn. */
  editing: string | undefined;
  attached: Attached[] = [];
  readonly #left = new AbortController();
  readonly #printed = new Set<string>();
  readonly #own = new Set<string>();
  /** Last turn of the branch as far as it is printed. */
  #last: string | null = null;
  /** Runs that are being printed, each with what cancels it. */
  readonly #followed = new Map<string, { cancel: () => void; isStopping: boolean }>();
  /** Run whose question the user left open, as it was then. */
  #waiting: RunDetail | undefined;
  #isPrinting = false;
  #isStale = false;
  /** Ends when the changes of this client are known; until then no turn is taken for that of another client. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(context: Context, editor: LineEditor, { agent, thread }: ChatTarget) {
    this.context = context;
    this.editor = editor;
    this.agent = agent;
    this.thread = thread;
  }

  /** The run that is being printed; undefined if none is in progress. */
  get active(): string | undefined {
    return [...this.#followed.keys()].at(-1);
  }

  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /** Continues another thread; undefined: the next message creates one. `turns` are on the screen already, oldest first. */
  open(thread: Thread | undefined, turns: readonly Turn[]): void {
    this.thread = thread;
    this.agent = thread?.agent ?? this.agent;
    this.editing = undefined;
    this.#printed.clear();
    for (const { run } of turns) this.#printed.add(run);
    this.#last = turns.at(-1)?.run ?? null;
  }

  leave(): void {
    this.#left.abort();
  }

  /** Ctrl-C: cancels the turn in progress; the second time, and without one, returns false. */
  interrupt(): boolean {
    const turn = [...this.#followed.values()].find(({ isStopping }) => !isStopping);
    if (turn === undefined) return false;
    turn.isStopping = true;
    turn.cancel();
    return true;
  }

  /** Changes the thread; turns that are new are printed later. */
  async changing<Value>(work: () => Promise<Value>): Promise<Value> {
    const change = work();
    this.#changing = Promise.allSettled([this.#changing, change]);
    return change;
  }

  /** The newest turns of the branch that is shown, newest first. */
  async turns(limit: number, head?: string): Promise<readonly Turn[]> {
    if (this.thread === undefined) return [];
    const { value } = await this.context.client.call(operations.thread.turns, {
      id: this.thread.id,
      limit,
      ...(head !== undefined && { head }),
    });
    return value.items;
  }

  async update(change: {
    readonly title?: string;
    readonly head?: string | null;
    readonly branch?: string;
  }): Promise<Thread | undefined> {
    if (this.thread === undefined) return undefined;
    const { value } = await this.context.client.call(operations.thread.update, { id: this.thread.id, ...change });
    this.thread = value;
    return value;
  }

  /** Moves the thread to another turn that needs not be printed. */
  async moveTo(head: string | null): Promise<void> {
    const last = (await this.update({ head }))?.head ?? null;
    this.#last = last;
    if (last !== null) this.#printed.add(last);
  }

  /** Uploads a file for the next message. Throws UnreadableFileError, ServerProblem for one that is too large. */
  async attach(file: FileToSend): Promise<void> {
    const [id = ""] = await sendFiles(this.context, [file], this.signal);
    this.attached.push({ id, file });
    this.say(`attached ${oneLine(file.name)}  ${showBytes(file.bytes)}; it goes with your next message`);
  }

  /** Sends a message and prints its turn when its time has come. Throws what the client throws. */
  async send(message: Sending): Promise<void> {
    const { run, joined } = await this.changing(() => this.#send(message));
    const isBehind = this.active !== undefined || this.#waiting !== undefined;
    if (!joined && isBehind && run.state === "queued") this.say("waits for the turn in progress");
    // A plain message can be the answer to a question that was left open.
    if (joined && run.id === this.#waiting?.id) this.#resume();
    this.wake();
  }

  async #send({ input, insteadOf, whenBusy }: Sending) {
    const { client } = this.context;
    this.thread ??= (await client.call(operations.thread.create, { agent: this.agent })).value;
    const { thread, model, attached, editing } = this;
    const replaced = insteadOf ?? editing;
    const { value } = await client.call(operations.thread.send, {
      id: thread.id,
      attended: true,
      ...(input !== undefined && { input }),
      ...(replaced !== undefined && { instead_of: replaced }),
      ...(attached.length > 0 && { uploads: attached.map(({ id }) => id) }),
      ...(model !== undefined && { model }),
      ...(whenBusy !== undefined && { when_busy: whenBusy }),
    });
    this.attached = [];
    this.editing = undefined;
    this.thread = value.thread;
    this.#own.add(value.run.id);
    return value;
  }

  /** A line about the chat itself. */
  say(text: string): void {
    const { terminal } = this.context;
    terminal.note(terminal.noteStyle("dim", text));
  }

  /** Prints turns that are not printed yet. */
  wake(): void {
    this.#isStale = true;
    if (!this.#isPrinting) void this.#printNew();
  }

  async #printNew(): Promise<void> {
    this.#isPrinting = true;
    using busy = this.editor.busy();
    void busy;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        for (const turn of await this.#newTurns()) {
          await this.#print(turn);
          this.#isStale = true;
        }
      }
    } catch (error) {
      this.report(error);
    } finally {
      this.#isPrinting = false;
    }
  }

  report(error: unknown): void {
    if (this.signal.aborted) return;
    reportError(error, this.context.terminal, { asJson: false, debug: this.context.debug });
  }

  /** Prints what other clients send to the thread, until the chat ends. */
  async watch(): Promise<void> {
    const { client } = this.context;
    try {
      for await (const { event } of follow(client, {
        path: `${requestPath(operations.server.watch, {})}?types=run,thread`,
        schema: system.ServerEvent,
        signal: this.signal,
        outageMsMax: Infinity,
        onLink: (link) => link === "back" && this.thread && this.wake(),
      }))
        this.#notice(event);
    } catch {
      // Without the right to follow the server, the turns of others are printed with the next own one.
    }
  }

  #notice(event: ServerEvent): void {
    if (event.type === "reset" || this.#isNews(event)) return this.wake();
    const isAnswered = event.type === "run" && event.run.id === this.#waiting?.id && !isAnswerable(event.run);
    if (isAnswered) this.#resume();
  }

  #isNews(event: ServerEvent): boolean {
    if (this.thread === undefined) return false;
    if (event.type === "thread") return event.id === this.thread.id;
    return event.type === "run" && event.run.thread?.id === this.thread.id && !this.#printed.has(event.run.id);
  }

  /** The turns after the last one that is printed, oldest first. */
  async #newTurns(): Promise<readonly Turn[]> {
    await this.#changing;
    const turns = this.signal.aborted ? [] : await this.turns(TURNS_READ);
    const known = turns.findIndex(({ run }) => this.#printed.has(run));
    const fresh = (known < 0 ? turns : turns.slice(0, known)).toReversed();
    const base = (known < 0 ? undefined : turns[known]?.run) ?? null;
    const isOwn = fresh.some(({ run, handoffs }) => this.#own.has(run) || handoffs.from !== null);
    if (base !== this.#last && !isOwn) this.say(`another client moved the thread${fresh.length > 0 ? ":" : " back"}`);
    this.#last = turns[0]?.run ?? base;
    return fresh;
  }

  async #print(turn: Turn): Promise<void> {
    this.#printed.add(turn.run);
    const { terminal } = this.context;
    if (!this.#own.has(turn.run) && turn.handoffs.from === null)
      terminal.write(`${terminal.style("bold", userLine(turn))}\n`);
    await this.#follow(turn.run);
  }

  /** Asks again what the user left open. */
  async answer(): Promise<void> {
    const left = this.#waiting;
    if (left === undefined) return this.#answerBelow();
    const { value: run } = await this.context.client.call(operations.run.get, { id: left.id });
    if (!isAnswerable(run)) return this.#resume();
    this.#waiting = undefined;
    this.#followAgain(run.id, { waiting: run });
  }

  /** Asks again what a run waits for that works for the turn in progress. */
  async #answerBelow(): Promise<void> {
    const { active: id, context } = this;
    const items = id === undefined ? [] : (await context.client.call(operations.run.tree, { id })).value.items;
    const waiting = items.find((run) => run.id !== id && isAnswerable(run));
    if (waiting === undefined) return this.say("nothing waits for an answer");
    await askBelow(context, waiting.id, (ask) => this.editor.whileClosed(ask));
  }

  /** Prints the rest of a turn whose question was answered elsewhere. */
  #resume(): void {
    const run = this.#waiting;
    this.#waiting = undefined;
    if (run !== undefined) this.#followAgain(run.id, { after: run.last_event_id });
  }

  #followAgain(id: string, from: Pick<FollowRunOptions, "waiting" | "after">): void {
    const busy = this.editor.busy();
    this.#follow(id, from)
      .catch((error: unknown) => this.report(error))
      .finally(() => busy[Symbol.dispose]());
  }

  async #follow(id: string, from: Pick<FollowRunOptions, "waiting" | "after"> = {}): Promise<void> {
    const { client } = this.context;
    try {
      await followRun(this.context, id, {
        stream: true,
        onInterrupt: "cancel",
        interrupts: (cancel) => this.#cancelWith(id, cancel),
        whileAsking: (ask) => this.editor.whileClosed(ask),
        signal: this.signal,
        // It is the next turn.
        followsHandOffs: false,
        ...from,
      });
    } finally {
      this.#followed.delete(id);
    }
    const { value: run } = await client.call(operations.run.get, { id });
    if (!isAnswerable(run)) return;
    this.#waiting = run;
    this.say("the turn waits for you; /answer asks again");
  }

  #cancelWith(id: string, cancel: () => void): Disposable {
    this.#followed.set(id, { cancel, isStopping: false });
    return { [Symbol.dispose]: () => void this.#followed.delete(id) };
  }
}
