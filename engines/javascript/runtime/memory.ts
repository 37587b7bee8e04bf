import { ask } from "./operations.ts";

type Search = { readonly scopes?: readonly string[]; readonly limit?: number };

/** Searches what is remembered, as far as it is granted; what a caller names beside words, scopes and limit is refused by the server. */
export async function searchMemory(query: string, options: Search = {}): Promise<object> {
  const wanted = Object.entries({ ...options, query }).filter(([, value]) => value !== undefined);
  const { head } = ask("memory.search", Object.fromEntries(wanted));
  return { hits: head["hits"], notices: head["notices"], cut: head["cut"] };
}
