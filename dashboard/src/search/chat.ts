import { type Raw, words } from "./values.ts";

export type ChatSearch = { readonly q?: string | undefined; readonly agent?: string | undefined };
export const chatSearch = (raw: Raw): ChatSearch => ({ q: words(raw["q"]), agent: words(raw["agent"]) });
