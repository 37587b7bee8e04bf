export { ToolMail, type ToolMailDeps } from "./tool-mail.ts";
