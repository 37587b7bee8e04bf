/** From a message's address to mailboxes. */
export { Addressing, type Route } from "./addressing.ts";
export { CapabilityEmbeddings } from "./capability-embeddings.ts";
export { candidateOf, loadOf, scoreOf } from "./strategies.ts";
