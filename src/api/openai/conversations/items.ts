import { operations, type threads } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import { questionText } from "../chat/answer.ts";
import { textPart } from "../responses/items.ts";
import { type ConversationItem, itemsOfAdded, type MessageItem } from "./added.ts";
import { responseId } from "../responses/stored.ts";

const PAGE = 100;

/** The messages of a thread's branch, newest first. */
export async function* itemsOf(caller: Caller, thread: string): AsyncGenerator<ConversationItem, void, undefined> {
  let cursor: string | undefined;
  // Turns that a hand-off began have one answer together with the turn before.
  let handedOff: readonly threads.Turn[] = [];
  do {
    const page = await caller.perform(operations.thread.turns, { id: thread, limit: PAGE, cursor });
    yield* page.added.flatMap(itemsOfAdded).toReversed();
    for (const turn of page.items) {
      handedOff = [turn, ...handedOff];
      if (turn.handoffs.from !== null) continue;
      yield* itemsIn(handedOff).toReversed();
      handedOff = [];
    }
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  yield* itemsIn(handedOff).toReversed();
}

/** The messages of a request and its answer. Those of the agent have the ids that they have in the output of responses. */
function itemsIn(turns: readonly threads.Turn[]): readonly ConversationItem[] {
  const items = new Items();
  for (const { run, added, messages } of turns) {
    let turn = 0;
    for (const message of added) items.add(itemsOfAdded(message));
    for (const message of messages) {
      if (message.role === "user") items.user(run, message.text, message.files);
      if (message.role === "assistant") {
        turn += 1;
        items.text(run, message.text);
      }
      if (message.role === "tool" && message.question !== null) {
        items.text(run, questionText(message.question));
        items.end(run, turn);
        if (message.question.state === "accepted") items.user(run, message.text, []);
      }
      if (message.role === "tool" && message.name.startsWith(CLIENT)) items.end(run, turn);
    }
  }
  return items.all();
}

const CLIENT = "client.";

class Items {
  readonly #items: ConversationItem[] = [];
  readonly #ids = new Set<string>();
  #texts: string[] = [];
  /** The response that the texts are of. */
  #response: string | undefined;

  user(run: string, text: string, files: readonly { readonly name: string }[]): void {
    const named = files.map(({ name }) => ({ type: "input_file", filename: name }));
    const content = [...(text === "" ? [] : [{ type: "input_text", text }]), ...named];
    if (content.length > 0) this.#add(`msg_${run}_input`, "user", content);
  }

  text(run: string, text: string): void {
    this.#response ??= responseId(run, 0);
    if (text !== "") this.#texts.push(text);
  }

  /** A response ends with a turn of the model. */
  end(run: string, turn: number): void {
    if (this.#response !== undefined && this.#texts.length > 0)
      this.#add(this.#response.replace("resp_", "msg_"), "assistant", [textPart(this.#texts.join("\n\n"))]);
    this.#texts = [];
    this.#response = responseId(run, turn);
  }

  add(items: readonly ConversationItem[]): void {
    this.#items.push(...items);
  }

  all(): readonly ConversationItem[] {
    this.end("", 0);
    return this.#items;
  }

  #add(id: string, role: MessageItem["role"], content: readonly object[]): void {
    let own = id;
    for (let number = 2; this.#ids.has(own); number += 1) own = `${id}.${number}`;
    this.#ids.add(own);
    this.#items.push({ id: own, type: "message", role, status: "completed", content });
  }
}
