import { type Conversation, operations, system } from "../../api/contract/index.ts";
import { follow, ServerProblem } from "../client/index.ts";
import { type Context, onInterrupt } from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";
import { shortId } from "./reference.ts";

const EXIT_INTERRUPTED = 130;
const CLOCK_TIME = /T(\d\d:\d\d:\d\d)/u;
const STATE_WIDTH = 12;

/**
 * A line for each conversation that changes and fits, as it is then, until Ctrl-C; as JSON where that is the format. One in which
 * much is said at once has one line for several messages.
 */
export async function followConversations(
  { client, terminal, format }: Context,
  fits: (conversation: Conversation) => boolean,
): Promise<number> {
  const stop = new AbortController();
  using interrupt = onInterrupt(() => stop.abort());
  void interrupt;
  const path = `${operations.server.watch.http.path}?types=conversation`;
  const onLink = (link: "lost" | "back") => {
    terminal.note(link === "lost" ? "the connection is lost; trying again" : "connected again");
  };
  const isJson = format === "json" || format === "jsonl";
  try {
    for await (const { event } of follow(client, { path, schema: system.ServerEvent, signal: stop.signal, onLink })) {
      if (event.type !== "conversation") continue;
      if (event.id === null) {
        terminal.note("too many conversations changed at once to print them all");
        continue;
      }
      const changed = await client.call(operations.conversation.get, { id: event.id }).catch((error: unknown) => {
        // A message without recipients started no conversation.
        if (error instanceof ServerProblem && error.code === "CONVERSATION_NOT_FOUND") return undefined;
        throw error;
      });
      if (changed === undefined || !fits(changed.value)) continue;
      terminal.write(isJson ? `${JSON.stringify(changed.raw)}\n` : line(changed.value));
    }
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    throw error;
  }
}

function line(one: Conversation): string {
  const time = CLOCK_TIME.exec(one.last_activity_at)?.[1] ?? one.last_activity_at;
  const others = one.participants.map(({ name }) => name).join(", ");
  const said = one.messages === 1 ? "1 message" : `${one.messages} messages`;
  const who = safeText(`${one.initiator} → ${others}`);
  return `${time}  ${shortId(one.id)}  ${one.state.padEnd(STATE_WIDTH)} ${one.protocol ?? "free"}  ${who}  ${said}\n`;
}
