import { operations, type threads } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import { questionText } from "../chat/answer.ts";
import { textPart } from "../responses/items.ts";
import { type ConversationItem, itemsOfAdded, type MessageItem } from "./added.ts";
import { BEGIN, type Place } from "../chat/pauses.ts";
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
    let pause = 0;
    for (const [index, message] of messages.entries()) {
      if (message.role === "user") items.user(run, message.text, message.files);
      if (message.role === "assistant") {
        turn += 1;
        pause = hasOwnCalls(messages.slice(index + 1)) ? 1 : 0;
        items.text(run, message.text);
      }
      if (message.role === "tool" && message.question !== null) {
        items.text(run, questionText(message.question));
        items.end(run, { afterTurn: turn, afterPause: pause });
        pause += 1;
        if (message.question.state === "accepted") items.user(run, message.text, []);
      }
      if (isOwnCall(message)) items.end(run, { afterTurn: turn, afterPause: 0 });
    }
  }
  return items.all();
}

const CLIENT = "client.";
type Message = threads.Turn["messages"][number];
const isOwnCall = (message: Message): boolean => message.role === "tool" && message.name.startsWith(CLIENT);

/** Whether the turn of the model that these messages follow called tools of the client: it waited for them first. */
const hasOwnCalls = (after: readonly Message[]): boolean => {
  const next = after.findIndex(({ role }) => role === "assistant");
  return after.slice(0, next === -1 ? undefined : next).some(isOwnCall);
};

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
    this.#response ??= responseId(run, BEGIN);
    if (text !== "") this.#texts.push(text);
  }

  /** A response ends with a turn of the model. */
  end(run: string, place: Place): void {
    if (this.#response !== undefined && this.#texts.length > 0)
      this.#add(this.#response.replace("resp_", "msg_"), "assistant", [textPart(this.#texts.join("\n\n"))]);
    this.#texts = [];
    this.#response = responseId(run, place);
  }

  add(items: readonly ConversationItem[]): void {
    this.#items.push(...items);
  }

  all(): readonly ConversationItem[] {
    this.end("", BEGIN);
    return this.#items;
  }

  #add(id: string, role: MessageItem["role"], content: readonly object[]): void {
    let own = id;
    for (let number = 2; this.#ids.has(own); number += 1) own = `${id}.${number}`;
    this.#ids.add(own);
    this.#items.push({ id: own, type: "message", role, status: "completed", content });
  }
}
