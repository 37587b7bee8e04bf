/** Who wants what is published. */
export { Subscriptions } from "./subscriptions.ts";
