import { resolve, sep } from "node:path";
import type { Plugin } from "vite";

/**
 * The contract's schemas register themselves when loaded, which a bundler has to keep. The dashboard takes only types
 * and routes from there, so whatever else the server's sources do when loaded, and zod with it, may go.
 */
export function contractWithoutSchemas(): Plugin {
  let server = "";
  return {
    name: "caxton:contract-without-schemas",
    configResolved: (config) => {
      server = resolve(config.root, "../src") + sep;
    },
    transform: (_code, id) => (id.startsWith(server) ? { moduleSideEffects: false } : null),
  };
}
