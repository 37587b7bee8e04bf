import { type TimerQueue } from "../../kernel/async/timer-queue.ts";
import { type Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import {
  composeReply,
  type ContentStore,
  type Message,
  type MessageError,
  restoreMessage,
  SYSTEM_SENDER,
  USER_SENDER,
} from "../acl/index.ts";
import { type Conversation, CONVERSATION_TERMS, type ConversationTerms } from "../protocols/index.ts";
import { ClaimCheck } from "./claim-check.ts";
import { PoisonMessageGuard } from "./deliveries/poison-message-guard.ts";
import { Addressing, candidateOf, type CapabilityEmbeddings, loadOf, scoreOf } from "./addressing/index.ts";
import { type ConversationTimeout } from "./conversations/cached-conversation.ts";
import { Conversations } from "./conversations/conversations.ts";
import { Deliveries } from "./deliveries/deliveries.ts";
import { lapsedRequests } from "./conversations/lapsed-requests.ts";
import { ConversationNotFoundError, ConversationActiveError } from "./errors.ts";
import { wantsAnswer } from "./deliveries/expiry.ts";
import { RouterCounters, type RouterStats } from "./stats.ts";
import { EventBus, type RouterEvent, type RouterFilter } from "./event-bus.ts";
import { type Fetch, type FetchedSettlement, Fetching } from "./deliveries/fetching.ts";
import { Intake, type RoutingPreview } from "./intake.ts";
import { type QueuedMessage, type Recipient, Recipients, restoredMessage } from "./mailboxes/index.ts";
import {
  type AgentHandler,
  type Delivered,
  type Directory,
  failure,
  type InFlightLog,
  type MessageJournal,
  type Provider,
  type Recovered,
  type RouterOptions,
  type Signatures,
  STOPPING,
  type Submitted,
} from "./ports/index.ts";
import { ConversationRecovery } from "./conversations/conversation-recovery.ts";
import { Records } from "./records.ts";
import { type RouterCore } from "./router-core.ts";
import { type Subscriptions } from "./subscriptions/index.ts";
import { waitingContent } from "./waiting-content.ts";
import { Duplicates, Writer } from "./writing/index.ts";

export type RouterParts = {
  readonly stores: RouterStores;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly alarm: TimerQueue;
  /** `terms`: how long conversations last, and how large they get. */
  readonly options: RouterOptions & { readonly terms?: ConversationTerms | undefined };
  /** Subscriptions to topics; absent means none. */
  readonly subscriptions?: Pick<Subscriptions, "subscribers"> | undefined;
  /** Finds similar capabilities; if absent, a message for a capability without a provider is undeliverable. */
  readonly meaning?: CapabilityEmbeddings | undefined;
  /** From 0 up to 1; for pauses between attempts and choices among equals. */
  readonly chance?: (() => number) | undefined;
};

type RouterStores = {
  readonly journal: MessageJournal;
  /** Where content is kept that is too large to travel; absent, it travels. */
  readonly contents?: ContentStore | undefined;
  /** Log of in-flight deliveries; if absent, a message that crashes the process is delivered again each time. */
  readonly inFlightLog?: InFlightLog | undefined;
  /** The keys of signatures; absent, no signature is verified. */
  readonly signatures?: Signatures | undefined;
};

/** Expired messages are looked for this often. */
const SWEEP_MS = 30_000;
/** What was kept long enough is dropped this often. */
const RETAIN_MS = 3_600_000;
/** After a refusal, before the message may be sent again. */
const AGAIN_MS = 1_000;
/** Conversations in memory before the least used free ones leave it. */
const CONVERSATIONS_HELD_MAX = 200_000;

type Failed = Pick<Recovered["retries"][number], "attempts" | "nextAtMs" | "reason" | "history">;
/** Deliveries that were in flight when the server ended, and had not failed before. */
const CRASHED = { attempts: 0, nextAtMs: 0, reason: "a crash", history: [] };

/** Takes messages, keeps them, and brings them to those they are for. The invariants are those of its parts. */
export class Router {
  readonly #core: RouterCore;
  readonly #journal: MessageJournal;
  readonly #deliveries: Deliveries;
  readonly #fetching: Fetching;
  readonly #intake: Intake;
  readonly #records: Records;
  readonly #duplicates: Duplicates;
  readonly #conversations: Conversations;
  readonly #claims: ClaimCheck | undefined;
  readonly #signatures: Signatures | undefined;
  readonly #crashes: PoisonMessageGuard;
  readonly #recovery: ConversationRecovery;
  readonly #watching: Disposable;
  #isRefreshing = false;
  #isStopping = false;

  private constructor(parts: RouterParts) {
    const { directory, clock, alarm, options, meaning, chance = Math.random } = parts;
    const { journal, contents, inFlightLog } = parts.stores;
    const { terms = CONVERSATION_TERMS, freshMax } = options;
    this.#journal = journal;
    this.#signatures = parts.stores.signatures;
    const { messageBytesMax, contentBytesMax: storeBytesMax } = options;
    const waiting = () => waitingContent(this.#core.recipients, journal);
    this.#claims = contents && new ClaimCheck(contents, { messageBytesMax, storeBytesMax, clock, waiting });
    const writer = new Writer({ journal, clock, alarm, options });
    const recipients = new Recipients({ options, directory, named: (party) => writer.batch().parties.push(party) });
    const feed = new EventBus();
    const core = { clock, alarm, options, directory, recipients, writer, feed, figures: new RouterCounters() };
    this.#core = core;
    const begunByAnswer = (answer: Message) => this.#recovery.recover(answer, this.#intake.lastSeq);
    const onTimeout = this.#onTimeout.bind(this);
    const conversations = new Conversations({ clock, alarm, writer, feed, terms, freshMax, begunByAnswer, onTimeout });
    this.#conversations = conversations;
    const gaveUp = (message: Message, recipient: string, error: MessageError) => {
      if (error.code === "EXPIRED" && conversations.coversExpiry(message)) return;
      // What the server says about a message moves no part, so that it may be lost.
      if (message.sender !== SYSTEM_SENDER) conversations.undelivered(message, recipient);
      this.#gaveUp(message, error);
    };
    const read = (seqs: readonly number[]) => this.#read(seqs);
    const resume = () => this.#deliveries.resume();
    this.#crashes = new PoisonMessageGuard({ record: inFlightLog, clock, alarm, resume });
    this.#duplicates = new Duplicates(
      { windowMs: options.dedupWindowMs, messagesMax: options.dedupMessagesMax },
      clock.nowMs(),
    );
    this.#deliveries = new Deliveries({ core, crashes: this.#crashes, chance, read, gaveUp });
    this.#fetching = new Fetching({ clock, writer, deliveries: this.#deliveries, window: options.window });
    const subscribers = (message: Message, topic: string) => parts.subscriptions?.subscribers(message, topic) ?? [];
    const addressing = new Addressing({ ...core, chance, subscribers });
    const kept = { core, journal, duplicates: this.#duplicates, conversations };
    const answer = this.#answer.bind(this);
    this.#intake = new Intake({ ...kept, deliveries: this.#deliveries, addressing, meaning, answer });
    this.#records = new Records({ ...kept, terms, intake: this.#intake });
    const nameOf = (party: number) => recipients.byNumber(party)?.mailbox.name;
    this.#recovery = new ConversationRecovery({ clock, journal, conversations, nameOf, terms });
    this.#watching = directory.watch(() => this.#refreshSoon());
  }

  /** Restores all open deliveries of the previous process. */
  static async open(parts: RouterParts): Promise<Router> {
    const router = new Router(parts);
    const sinceMs = parts.clock.nowMs() - parts.options.dedupWindowMs;
    router.#restore(await parts.stores.journal.recover({ sinceMs }));
    router.#sweepLater();
    router.#retainAfter(SWEEP_MS);
    return router;
  }

  #restore({ lastSeq, parties, pending, retries, recent, conversations }: Recovered): void {
    const { clock } = this.#core;
    this.#crashes.begin(lastSeq);
    for (const party of parties) this.#core.recipients.restore(party);
    this.#intake.startAfter(lastSeq);
    for (const [row, id] of recent.ids.entries()) {
      const workspace = recent.workspaces[row] ?? "default";
      this.#duplicates.add({ workspace, id }, recent.seqs[row] ?? 0, clock.nowMs());
    }
    this.#conversations.restore(conversations);
    this.#recovery.begin({ parties, lastSeq });
    const failed = new Map(retries.map((retry) => [`${retry.seq}/${retry.party}`, retry]));
    for (let row = 0; row < pending.seqs.length; row += 1) {
      const recipient = this.#core.recipients.byNumber(pending.parties[row] ?? 0);
      if (recipient === undefined) continue;
      const queued = restoredMessage(pending, row, recipient.mailbox.workspace);
      this.#core.recipients.admit(recipient, queued.size);
      const retry = failed.size === 0 ? undefined : failed.get(`${queued.seq}/${recipient.mailbox.number}`);
      if (retry === undefined && !this.#crashes.isSuspect(queued.seq, recipient)) recipient.mailbox.put(queued);
      else this.#resume(recipient, queued, retry ?? CRASHED);
      if (queued.expiresAtMs > 0) this.#deliveries.watchExpiry(recipient);
    }
  }

  #resume(recipient: Recipient, queued: QueuedMessage, retry: Failed): void {
    const { clock, alarm, options } = this.#core;
    // The clock may have been set since: a pause is never longer than the longest.
    const waitMs = Math.min(Math.max(0, retry.nextAtMs - clock.nowMs()), options.retryDelayMaxMs);
    const nowMs = clock.monotonicMs();
    const attempts = retry.attempts + this.#crashes.of(queued.seq, recipient);
    const isSuspect = this.#crashes.isSuspect(queued.seq, recipient);
    const nextAtMs = isSuspect ? this.#crashes.suspect(queued.seq, recipient, nowMs) : nowMs + waitMs;
    const history = this.#crashes.history(queued.seq, recipient, { attempts, history: retry.history });
    recipient.mailbox.resume({ queued, attempts, nextAtMs, reason: retry.reason, history });
    alarm.at(nextAtMs, () => this.#deliveries.wake(recipient));
  }

  /** Resolves when the message is on disk, as its durability says, or refused. Never rejects. */
  submit(message: Message): Promise<Submitted> {
    const { promise, resolve } = Promise.withResolvers<Submitted>();
    this.post(message, resolve);
    return promise;
  }

  /** As `submit`, without a promise for each message: `done` is called once, must be quick and not throw. */
  post(given: Message, done: (submitted: Submitted) => void): void {
    const message = this.#signatures === undefined ? given : this.#signatures.admit(given);
    if ("code" in message) return this.#intake.refuse(given, done, message);
    const isSmall = this.#claims === undefined || this.#claims.letsPass(message);
    if (isSmall && !this.#isStopping) return this.#intake.submit(message, done);
    const take = (ready: Message, error?: MessageError) => {
      const refusal = this.#isStopping ? STOPPING : error;
      if (refusal === undefined) this.#intake.submit(ready, done);
      else this.#intake.refuse(ready, done, refusal, AGAIN_MS);
    };
    if (this.#claims !== undefined) this.#claims.offload(message, take);
    else take(message);
  }

  /** Sets the handler of the messages of this name; it precedes all others. */
  attach(workspace: string, name: string, handler: AgentHandler): Disposable {
    const attached = this.#core.recipients.attach(workspace, name, this.#claims?.filled(handler) ?? handler);
    this.#pumpAll();
    return attached;
  }

  /** Sets the handler of the messages of all agents that the directory knows. */
  attachDeployed(handler: AgentHandler): Disposable {
    const attached = this.#core.recipients.attachDeployed(this.#claims?.filled(handler) ?? handler);
    this.#pumpAll();
    return attached;
  }

  /** Sets the handler of all mailboxes whose names have a prefix that no participant's name can have. */
  attachInternal(prefix: string, handler: AgentHandler): Disposable {
    const attached = this.#core.recipients.attachInternal(prefix, this.#claims?.filled(handler) ?? handler);
    this.#pumpAll();
    return attached;
  }

  /** Opens one of these mailboxes, so that messages find it. */
  openInternal(workspace: string, name: string): void {
    this.#core.recipients.open(workspace, name);
  }

  #refreshSoon(): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    setImmediate(() => {
      this.#isRefreshing = false;
      this.#core.recipients.refresh();
      this.#intake.deployed(false);
      this.#pumpAll();
    });
  }

  /** The directory knows all agents of the start: a message without a recipient waits no longer. */
  deployed(): void {
    this.#intake.deployed(true);
  }

  #pumpAll(): void {
    this.#deliveries.resume();
    for (const recipient of this.#core.recipients.all()) {
      if (recipient.mailbox.hasWork) this.#deliveries.pump(recipient);
    }
  }

  /** For those outside of the server: takes messages; `Fetching.take` says how. Throws when there is no such mailbox. */
  async lease(
    owner: { readonly workspace: string; readonly name: string },
    fetch: Fetch,
    signal: AbortSignal,
  ): Promise<readonly Delivered[]> {
    return this.#fetching.take(this.#records.recipient(owner.workspace, owner.name), fetch, signal);
  }

  /** And settles them; the answer are those whose lease had ended. */
  async settle(
    owner: { readonly workspace: string; readonly name: string },
    settlements: readonly FetchedSettlement[],
  ): Promise<readonly number[]> {
    return this.#fetching.settle(this.#records.recipient(owner.workspace, owner.name), settlements);
  }

  /** Subscribes to events; a slow listener misses some and receives their number. */
  watch(filter: RouterFilter, listener: (events: readonly RouterEvent[]) => void): Disposable {
    return this.#core.feed.watch(filter, listener);
  }

  /** Stored messages, open deliveries and dead letters. */
  get records(): Records {
    return this.#records;
  }

  /** Pauses or resumes deliveries to it; new messages are queued. Throws when there is no such mailbox. */
  pause(workspace: string, name: string, isPaused: boolean): void {
    const recipient = this.#records.recipient(workspace, name);
    recipient.pause(isPaused);
    this.#deliveries.pump(recipient);
  }

  /** Ends an open conversation; one that is over stays as it is. Resolves when that is stored. Throws storage errors. */
  async endConversation(workspace: string, id: string): Promise<void> {
    this.#conversations.end(workspace, id);
    await this.#core.writer.stored();
  }

  /** Archives a conversation; throws when it does not exist, or a participant has an open part in it, and storage errors. */
  async archiveConversation(workspace: string, id: string): Promise<Conversation> {
    const conversation = await this.#records.conversation(workspace, id);
    if (conversation === undefined) throw new ConversationNotFoundError(id);
    const archived = this.#conversations.archive(conversation);
    if (archived === undefined) throw new ConversationActiveError(id);
    await this.#core.writer.stored();
    return archived;
  }

  /** Merges a conversation into another one, or says why it cannot; throws when either is not there, and storage errors. */
  async mergeConversation(workspace: string, id: string, into: string): Promise<Conversation | MessageError> {
    const [conversation, other] = await Promise.all([
      this.#records.conversation(workspace, id),
      this.#records.conversation(workspace, into),
    ]);
    if (conversation === undefined) throw new ConversationNotFoundError(id);
    if (other === undefined) throw new ConversationNotFoundError(into);
    const merged = this.#conversations.merge(conversation, other);
    await this.#core.writer.stored();
    return merged;
  }

  /** How many and how long, since the start. */
  figures(): RouterStats {
    return this.#core.figures.now();
  }

  /** To whom a message would go now; nothing is sent or kept. */
  resolveRecipients(message: Message): Promise<RoutingPreview> {
    return this.#intake.resolveRecipients(message);
  }

  /** The load of a provider, from 0 idle to 1 full, and its score in `best_match`; the score is undefined for one that accepts nothing. */
  standing(workspace: string, provider: Provider): { readonly load: number; readonly score: number | undefined } {
    const candidate = candidateOf(provider, this.#core.recipients.open(workspace, provider.name));
    const seen = { clock: this.#core.clock, stats: this.#core.recipients.stats };
    const load = loadOf(candidate, seen.stats);
    const score = scoreOf(candidate, seen);
    return { load, score: score === 0 ? undefined : score };
  }

  async #read(seqs: readonly number[]): Promise<ReadonlyMap<number, Message>> {
    const stored = await this.#journal.read(seqs);
    return new Map(stored.map(({ seq, body }) => [seq, restoreMessage(JSON.parse(body))]));
  }

  #gaveUp(message: Message, error: MessageError): void {
    if (message.sender === SYSTEM_SENDER) return;
    if (error.code === "EXPIRED" && !wantsAnswer(message)) return;
    this.#answer(message, "failure", error);
  }

  /** Notifies the initiator of each participant that did not answer in time, or was removed. */
  #onTimeout(timeout: ConversationTimeout): void {
    for (const { asked, error } of lapsedRequests(timeout)) this.#answer(asked, "failure", error);
  }

  /**
   * A participant was removed: its open parts of conversations end, awards that it has not taken become dead letters, and the
   * initiators are notified.
   */
  async removed(workspace: string, name: string): Promise<void> {
    const details = { recipient: name };
    this.#conversations.removed(workspace, name, failure("AGENT_NOT_FOUND", `${name} was deleted`, { details }));
    const recipient = this.#core.recipients.known(workspace, name);
    const isAward = (message: Message) => this.#conversations.isAward(message, name);
    if (recipient !== undefined) await this.#deliveries.withdraw(recipient, isAward);
  }

  /**
   * Deletes the messages, mailboxes and conversations of a workspace that is closed. Resolves when the journal
   * has deleted them. Throws storage errors.
   */
  async deleteWorkspace(workspace: string): Promise<void> {
    const { recipients, writer } = this.#core;
    for (const recipient of recipients.of(workspace)) this.#deliveries.drop(recipient);
    this.#conversations.deleteWorkspace(workspace);
    await writer.settled();
    recipients.deleteWorkspace(workspace);
    this.#duplicates.deleteWorkspace(workspace);
    await this.#journal.deleteWorkspace(workspace);
  }

  /** The server's message about `message`, to the recipients of its answers; one without a mailbox finds it in the log. */
  #answer(message: Message, act: "failure" | "not-understood", error: MessageError): void {
    const { clock } = this.#core;
    const isThere = (name: string) => this.#core.recipients.find(message.workspace, name) !== undefined;
    const replyTo = [message.replyTo ?? message.sender, message.sender, USER_SENDER].find(isThere);
    const text = error.hint === "" ? error.message : `${error.message}. ${error.hint}`;
    const draft = { performative: act, sender: SYSTEM_SENDER, atMs: clock.nowMs(), error } as const;
    const asked = { ...message, replyTo: replyTo ?? USER_SENDER };
    const reply = composeReply(asked, { ...draft, content: { type: "text", text } });
    const signed = this.#signatures?.admit(reply);
    const ready = signed === undefined || "code" in signed ? reply : signed;
    const send = () =>
      this.#intake.submit(ready, (submitted) => {
        // The sender waits for it: a lost answer is sent again, with the end of the delivery that it is about.
        const isLost = submitted.type === "refused" && submitted.error.code === "MESSAGE_NOT_STORED";
        if (isLost && !this.#isStopping) this.#core.writer.redo(send);
      });
    send();
  }

  #sweepLater(): void {
    const { alarm, clock } = this.#core;
    alarm.at(clock.monotonicMs() + SWEEP_MS, () => {
      for (const recipient of this.#core.recipients.all()) this.#deliveries.sweep(recipient);
      this.#conversations.sweep(CONVERSATIONS_HELD_MAX);
      this.#sweepLater();
    });
  }

  /** Lets the journal drop what was kept long enough. */
  #retainAfter(ms: number): void {
    const { alarm, clock, options } = this.#core;
    alarm.at(clock.monotonicMs() + ms, () => {
      if (this.#isStopping) return;
      const beforeMs = clock.nowMs() - options.retentionMs;
      Promise.all([this.#journal.retain(beforeMs), this.#claims?.dropBefore(beforeMs)]).catch((error: unknown) => {
        log.error({ error }, "old messages could not be dropped; it is tried again in an hour");
      });
      this.#retainAfter(RETAIN_MS);
    });
  }

  /** Takes nothing more, gives handlers up to `waitMs` to end, writes what is left, closes the journal. */
  async close(waitMs: number): Promise<void> {
    this.#isStopping = true;
    this.#watching[Symbol.dispose]();
    await Promise.all([this.#claims?.close(), this.#recovery.close()]);
    await this.#intake.close();
    await this.#deliveries.stop(waitMs);
    this.#conversations.catchUp();
    await this.#core.writer.settled();
    await this.#journal.close();
    this.#crashes.close();
  }
}
