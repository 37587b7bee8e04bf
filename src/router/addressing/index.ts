/** From a message's address to mailboxes. */
export { Addressing, type Route } from "./addressing.ts";
export { loadOf, scoreOf } from "./strategies.ts";
