import { isJsonObject, type Json } from "../../kernel/json.ts";
import { RunEvent } from "../../runs/index.ts";
import type { Contents } from "../contents.ts";

/** An event of the journal as it is stored, with its large members restored. */
export function storedEvent(contents: Contents, body: string): RunEvent {
  const value: Json = JSON.parse(body);
  // Most events refer to nothing, and what has no reference in its text has none in its members.
  if (!body.includes('"$text"') && !body.includes('"$content"')) return RunEvent.parse(value);
  const content = isJsonObject(value) ? value["content"] : undefined;
  return RunEvent.parse(
    isJsonObject(value) && isJsonObject(content) ? { ...value, content: contents.attach(content) } : value,
  );
}
