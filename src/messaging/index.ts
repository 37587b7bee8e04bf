export { type MessagingOptions, type MessagingPorts, openMessaging, type OpenMessaging } from "./open.ts";
