import { CaxtonError } from "../../../kernel/errors.ts";
import { operations } from "../../contract/index.ts";
import { type Caller, RequestInvalidError } from "../../operations/index.ts";
import { readCallId } from "../chat/answer.ts";
import type { OutputItem } from "./items.ts";
import type { InputItem, ResponseRequest, WholeItem } from "./request.ts";

/** Reads the output of a stored response by its id. */
type ReadOutput = (response: string) => Promise<readonly OutputItem[]>;

/** The items of an input, with what its references refer to: messages and calls of earlier responses. Throws RequestInvalidError. */
export async function wholeItems(
  caller: Caller,
  input: ResponseRequest["input"],
  read: ReadOutput,
): Promise<readonly WholeItem[]> {
  if (typeof input === "string") return [{ role: "user", content: input }];
  const items: WholeItem[] = [];
  for (const [index, item] of input.entries()) items.push(await wholeItem(caller, item, { index, read }));
  return items;
}

type At = { readonly index: number; readonly read: ReadOutput };

async function wholeItem(caller: Caller, item: InputItem, { index, read }: At): Promise<WholeItem> {
  if (item.type !== "item_reference") return item;
  const { id } = item;
  // The reasoning of a model is not part of a dialogue.
  if (id.startsWith("rs_")) return { type: "reasoning" };
  const found = await (id.startsWith("fc_") ? callOf(caller, id) : messageOf(id, read)).catch(ifMissing);
  if (found !== undefined) return found;
  const problem = `input.${index}: there is no stored item ${id}`;
  const hint = "Send the item itself: references name messages and function calls of stored responses.";
  throw new RequestInvalidError(`the request does not fit: ${problem}`, hint, { problems: [problem] });
}

async function callOf(caller: Caller, id: string): Promise<WholeItem | undefined> {
  const call = id.replace("fc_", "call_");
  const { run, input } = readCallId(call) ?? {};
  if (run === undefined) return undefined;
  const { client_calls: calls } = await caller.perform(operations.run.get, { id: run });
  const found = calls.find((each) => each.id === input);
  if (found === undefined) return undefined;
  return { type: "function_call", call_id: call, name: found.name, arguments: JSON.stringify(found.arguments) };
}

async function messageOf(id: string, read: ReadOutput): Promise<WholeItem | undefined> {
  const output = await read(id.replace("msg_", "resp_"));
  const found = output.find((each) => each.id === id);
  if (found === undefined || !("content" in found)) return undefined;
  return { role: "assistant", content: found.content.map(({ text }) => text).join("") };
}

function ifMissing(error: unknown): undefined {
  if (!(error instanceof CaxtonError) || error.kind !== "not-found") throw error;
}
