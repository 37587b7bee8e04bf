import type { Plugin } from "vite";

/**
 * The contract's schemas register themselves when loaded, which a bundler has to keep. The dashboard takes only types
 * and routes from there, so the rest, and zod with it, may go.
 */
export function contractWithoutSchemas(): Plugin {
  return {
    name: "caxton:contract-without-schemas",
    transform: (_code, id) => (id.includes("/src/api/contract/") ? { moduleSideEffects: false } : null),
  };
}
