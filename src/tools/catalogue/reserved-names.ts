/**
 * Names of the tool servers that are part of Caxton, as modules or in its own process. No remote server and no
 * deployed module may have one, in any letter case, whether the built-in server is enabled or not.
 */
export const RESERVED_TOOL_SERVERS: ReadonlySet<string> = new Set([
  "agent",
  "calculator",
  "chart_generator",
  "client",
  "csv_parser",
  "database",
  "date_time",
  "file_system",
  "handoff",
  "http_client",
  "json_tools",
  "memory",
  // The built-in server is `messages`; a foreign `message` beside it would be mistaken for it.
  "message",
  "messages",
  "state",
  "text_tools",
  "user",
]);

export const isReservedToolServer = (name: string): boolean => RESERVED_TOOL_SERVERS.has(name.toLowerCase());
