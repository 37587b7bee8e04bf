export { type Origin, ToolMail, type ToolMailDeps } from "./tool-mail.ts";
