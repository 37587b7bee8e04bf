/** From a message's address to mailboxes. */
export { Addressing, type Route } from "./addressing.ts";
export { CapabilityMeaning } from "./capability-meaning.ts";
export { candidateOf, loadOf, scoreOf } from "./strategies.ts";
