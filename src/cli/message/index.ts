/** Messages, conversations, and who takes part in them. */
export { capability } from "./capability.ts";
export { conversation } from "./conversation.ts";
export { message } from "./message.ts";
export { participant } from "./participant.ts";
export { remoteAgent } from "./remote-agent.ts";
export { subscription } from "./subscription.ts";
