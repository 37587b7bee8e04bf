export { trigger } from "./trigger.ts";
