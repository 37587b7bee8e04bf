import { type AgentHandler, type Directory, type Party, type RouterOptions } from "../ports/index.ts";
import { Mailbox } from "./mailbox.ts";
import { isLogConsumer, Recipient } from "./recipient.ts";
import { MailboxStats } from "./mailbox-stats.ts";

const keyOf = (workspace: string, name: string) => `${workspace}/${name}`;

/**
 * All participants that have, or once had, a mailbox; and the total of their messages.
 * mailboxes.recipients.P1. A number belongs to one name permanently.
 * mailboxes.recipients.P2. `bytes` is the sum of the mailboxes' bytes; `reserve` refuses past the bounds, of the
 *   mailbox and of all.
 */
export class Recipients {
  readonly stats = new MailboxStats();
  readonly #options: RouterOptions;
  readonly #directory: Directory;
  readonly #named: (party: Party) => void;
  readonly #workspaces = new Map<string, Map<string, Recipient>>();
  readonly #byNumber = new Map<number, Recipient>();
  readonly #handlers = new Map<string, AgentHandler>();
  #deployed: AgentHandler | undefined;
  #internal: { readonly prefix: string; readonly handler: AgentHandler } | undefined;
  #bytes = 0;
  #hotBytes = 0;
  #lastNumber = 0;

  /** `named` is called for each new mailbox, before anything is put into it. */
  constructor(parts: { options: RouterOptions; directory: Directory; named: (party: Party) => void }) {
    this.#options = parts.options;
    this.#directory = parts.directory;
    this.#named = parts.named;
  }

  get bytes(): number {
    return this.#bytes;
  }

  all(): Iterable<Recipient> {
    return this.#byNumber.values();
  }

  byNumber(number: number): Recipient | undefined {
    return this.#byNumber.get(number);
  }

  /** The recipient of this name: in the directory, or with an existing mailbox. */
  find(workspace: string, name: string): Recipient | undefined {
    const known = this.#workspaces.get(workspace)?.get(name);
    if (known !== undefined) return known;
    const found = isLogConsumer(name) ? { name } : this.#directory.find(workspace, name);
    return found === undefined ? undefined : this.open(workspace, found.name);
  }

  /** The recipient if it has a mailbox already. */
  known(workspace: string, name: string): Recipient | undefined {
    return this.#workspaces.get(workspace)?.get(name);
  }

  /** The mailbox of this exact name; created if it does not exist. */
  open(workspace: string, name: string): Recipient {
    const known = this.#workspaces.get(workspace)?.get(name);
    if (known !== undefined) return known;
    const party = { number: this.#lastNumber + 1, workspace, name };
    this.#named(party);
    return this.restore(party);
  }

  /** As the journal has it. */
  restore(party: Party): Recipient {
    const { mailboxMessagesMax: messagesMax, mailboxBytesMax: bytesMax, breaker } = this.#options;
    this.stats.ensureCapacity(party.number);
    const mailbox = new Mailbox(party, { messagesMax, bytesMax }, this.stats);
    const recipient = new Recipient(mailbox, breaker, this.stats);
    this.#lastNumber = Math.max(this.#lastNumber, party.number);
    this.#byNumber.set(party.number, recipient);
    const names = this.#workspaces.get(party.workspace) ?? new Map<string, Recipient>();
    this.#workspaces.set(party.workspace, names.set(party.name, recipient));
    recipient.handler = this.#handlerOf(party);
    return recipient;
  }

  /** `undefined` when there is room now, else what is full. */
  reserve(recipient: Recipient, size: number): "mailbox" | "router" | undefined {
    if (this.#bytes + size > this.#options.totalBytesMax) return "router";
    if (!recipient.mailbox.reserve(size)) return "mailbox";
    this.#bytes += size;
    return undefined;
  }

  /** What was reserved, or in the mailbox, is there no more. */
  released(size: number): void {
    this.#bytes -= size;
  }

  /** Holds what is on disk, whatever the bounds. */
  admit(recipient: Recipient, size: number): void {
    recipient.mailbox.admit(size);
    this.#bytes += size;
  }

  /** Whether a body may stay in memory; then it counts until `cool`. One that is nowhere else has to. */
  heat(size: number, mustStay: boolean): boolean {
    if (!mustStay && this.#hotBytes + size > this.#options.hotBytesMax) return false;
    this.#hotBytes += size;
    return true;
  }

  cool(size: number): void {
    this.#hotBytes -= size;
  }

  /** Also for a name that the directory does not know: an attached participant can receive messages. */
  attach(workspace: string, name: string, handler: AgentHandler): Disposable {
    this.#handlers.set(keyOf(workspace, name), handler);
    this.open(workspace, name);
    this.refresh();
    return {
      [Symbol.dispose]: () => {
        this.#handlers.delete(keyOf(workspace, name));
        this.refresh();
      },
    };
  }

  /** One handler for all agents that the directory knows. */
  attachDeployed(handler: AgentHandler): Disposable {
    this.#deployed = handler;
    this.refresh();
    return {
      [Symbol.dispose]: () => {
        this.#deployed = undefined;
        this.refresh();
      },
    };
  }

  /** One handler for all mailboxes of the server's own whose names have a prefix. */
  attachInternal(prefix: string, handler: AgentHandler): Disposable {
    this.#internal = { prefix, handler };
    this.refresh();
    return {
      [Symbol.dispose]: () => {
        this.#internal = undefined;
        this.refresh();
      },
    };
  }

  /** Forgets the mailboxes of a workspace, which must be empty. */
  deleteWorkspace(workspace: string): void {
    for (const { mailbox } of this.#workspaces.get(workspace)?.values() ?? []) this.#byNumber.delete(mailbox.number);
    this.#workspaces.delete(workspace);
  }

  /** The mailboxes of a workspace. */
  of(workspace: string): readonly Recipient[] {
    return [...(this.#workspaces.get(workspace)?.values() ?? [])];
  }

  /** After the directory or the handlers have changed. */
  refresh(): void {
    for (const recipient of this.all()) recipient.handler = this.#handlerOf(recipient.mailbox);
  }

  #handlerOf({ workspace, name }: { readonly workspace: string; readonly name: string }): AgentHandler | undefined {
    const own = this.#handlers.size === 0 ? undefined : this.#handlers.get(keyOf(workspace, name));
    if (own !== undefined) return own;
    if (this.#internal !== undefined && name.startsWith(this.#internal.prefix)) return this.#internal.handler;
    if (this.#deployed === undefined) return undefined;
    return this.#directory.find(workspace, name)?.presence === "agent" ? this.#deployed : undefined;
  }
}
