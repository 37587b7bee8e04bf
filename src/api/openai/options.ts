import type { SideEffects } from "../contract/index.ts";

/** The settings `[openai]`. */
export type OpenAiOptions = {
  /** What happens with calls of tools that have side effects. */
  readonly side_effects: SideEffects;
  /** Beginnings of the last message by which a request for a title, tags or the like is recognized. */
  readonly auxiliary: readonly string[];
  /** Whether a run ends with the connection of the client that started it. */
  readonly cancel_on_disconnect: boolean;
  /** Address of the server, for links. */
  readonly publicUrl?: string | undefined;
};
