import * as z from "zod";
import { participants } from "../../src/api/contract/index.ts";

const { RegisteredParticipant } = participants;
const Taken = z.object({
  items: z.array(z.object({ handle: z.string(), message: z.record(z.string(), z.unknown()) })),
});
type Wire = Readonly<Record<string, unknown>>;
export type Answer = { readonly performative: string; readonly content: unknown; readonly in_reply_to?: unknown };

/** A registered program outside that takes part in conversations over REST. */
export class Program {
  readonly name: string;
  #url: string;
  #token = "";

  constructor(url: string, name: string) {
    this.#url = url;
    this.name = name;
  }

  static async register(url: string, name: string): Promise<Program> {
    const program = new Program(url, name);
    const registered = await program.#ask("POST", "/api/v1/participants", { name });
    program.#token = RegisteredParticipant.parse(registered).token ?? "";
    return program;
  }

  /** The server came back somewhere else. */
  moveTo(url: string): void {
    this.#url = url;
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const headers = { "content-type": "application/json", authorization: `Bearer ${this.#token}` };
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(this.#url + path, { method, headers, ...json });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  provide = (capability: string) => this.#ask("POST", "/api/v1/capabilities", { agent: this.name, capability });

  /** The next message, where one comes within that time. */
  async take(seconds: number): Promise<{ readonly handle: string; readonly message: Wire } | undefined> {
    const path = `/api/v1/mailboxes/${this.name}/fetch?max=1&wait=${seconds}`;
    return Taken.parse(await this.#ask("POST", path, {})).items[0];
  }

  /** The next message, once it comes. */
  async next(): Promise<{ readonly handle: string; readonly message: Wire }> {
    for (;;) {
      const first = await this.take(20);
      if (first !== undefined) return first;
    }
  }

  settle = (handle: string) => this.#ask("POST", `/api/v1/mailboxes/${this.name}/settle`, { done: [handle] });

  /** Answers a message, and settles it. */
  async answer(
    { handle, message }: { readonly handle: string; readonly message: Wire },
    answer: Answer,
  ): Promise<void> {
    const { conversation_id, protocol, reply_to, sender, reply_with } = message;
    const place = { conversation_id, protocol, in_reply_to: reply_with, receiver: reply_to ?? sender };
    await this.#ask("POST", "/api/v1/messages", { ...place, ...answer, sender: this.name });
    await this.settle(handle);
  }

  /** Takes messages until one has the act; the others are settled. */
  async await(performative: string): ReturnType<Program["next"]> {
    for (;;) {
      const taken = await this.next();
      if (taken.message["performative"] === performative) return taken;
      await this.settle(taken.handle);
    }
  }
}
