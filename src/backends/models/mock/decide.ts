import type { JsonObject } from "../../../kernel/json.ts";
import type { ModelRequest } from "../../../runs/index.ts";

/** One turn of the model: what it says, and the calls it asks for; no calls means the answer is complete. */
export type Decision = { readonly text: string; readonly calls: readonly PlannedCall[] };
export type PlannedCall = { readonly name: string; readonly arguments: JsonObject };

/** What every answer of the built-in model ends with. */
export const SIGNATURE =
  "— answered by Caxton's built-in rule-based model; set OPENAI_API_KEY or [llm] to use a language model";

/** The next turn for a request; the same request always gets the same turn. */
export function decide(request: ModelRequest): Decision {
  const names = request.tools.map(({ name }) => name).join(", ");
  return { text: `Tools at hand: ${names === "" ? "none" : names}.\n\n${SIGNATURE}`, calls: [] };
}
