/**
 * Commands and options of the Caxton documents and of similar servers that this command does not have, by what was
 * written after `caxton`: what to use instead, as a sentence without a period.
 */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["build", "caxton tool build builds a tool server"],
  ["cluster", "clusters are not supported yet; a server is one node"],
  [
    "deploy",
    "deploy agents with: caxton agent deploy <file|directory>, and tool servers with: caxton tool deploy <directory>",
  ],
  ["list", "caxton agent list, caxton run list or caxton tool list"],
  [
    "logs",
    "see what an agent did with: caxton run list --agent <name> and caxton run get <run>; logs of a tool server: caxton tool logs <server>",
  ],
  ["ps", "caxton status, caxton run list --state running"],
  ["scale", "agents have no replicas: each request runs on its own; runs.concurrent_max in caxton.toml limits them"],
  ["server", "start the server with: caxton serve"],
  [
    "stop",
    "cancel a run with: caxton run cancel <run>; stop the server with Ctrl-C or SIGTERM; pause an agent with: caxton agent pause <agent>",
  ],
  ["test", "test agents with: caxton agent test [path], and tool servers with: caxton tool test"],
  ["trace", "caxton run get <run> for the steps of a run, caxton message trace <message> for what a message caused"],
  ["validate", "caxton agent validate <file|directory>, caxton config validate"],
  ["agent create", "make one with: caxton init <name>"],
  ["agent logs", "caxton run list --agent <agent> and caxton run get <run>"],
  [
    "agent restart",
    "an agent is no process and needs no restart; deploy a new revision with: caxton agent deploy <file>",
  ],
  [
    "agent scale",
    "agents have no replicas: each request runs on its own; runs.concurrent_max in caxton.toml limits them",
  ],
  ["agent start", 'a deployed agent answers at once: caxton run <agent> "..."'],
  ["agent stop", "caxton agent pause <agent> stops it from taking new work; caxton run cancel <run> ends one run"],
  ["memory backup", "caxton memory export <file>"],
  ["serve --dev", "caxton dev redeploys agents when their files change"],
  ["serve --release", "caxton serve without the option; the built program is used if there is one"],
  ["status --cluster", "caxton status; clusters are not supported yet, a server is one node"],
  [
    "tool build --language",
    "caxton tool build [directory] detects the language from the files; create a project with: caxton tool new",
  ],
  ["tool register", "caxton tool deploy <directory>, caxton tool import for MCP servers"],
]);

/** What to use instead of a command line that this command does not know; undefined for one that is merely mistyped. */
export const insteadOf = (written: string): string | undefined => INSTEAD.get(written);
