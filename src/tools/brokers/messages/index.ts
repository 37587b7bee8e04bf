export { ToolMessageBroker, type ToolMailDeps } from "./tool-message-broker.ts";
