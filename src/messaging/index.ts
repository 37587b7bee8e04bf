export { type MessagingOptions, type MessagingPorts, openMessaging, type MessagingServices } from "./open.ts";
