export { type Origin, ToolMessageBroker, type ToolMailDeps } from "./tool-message-broker.ts";
