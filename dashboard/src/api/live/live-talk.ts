import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { operations, type ServerEvent } from "../../../../src/api/contract/index.ts";
import { withQuery } from "../queries.ts";
import { subscribe } from "./subscribe.ts";

/** Event types that only open pages subscribe to, because they are frequent. */
type TalkType = "conversation" | "task";

/** However often something changes, lists are read again at most this often. */
const LISTS_EVERY_MS = 500;

/** Keeps conversations or tasks current while the page that uses it is open, by events rather than by asking. */
export function useTalkUpdates(type: TalkType): void {
  const client = useQueryClient();
  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const freshen = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        for (const key of LISTS[type]) void client.invalidateQueries({ queryKey: [key] });
      }, LISTS_EVERY_MS);
    };
    void subscribe<ServerEvent>(
      {
        path: withQuery(operations.server.watch.http.path, { types: type }),
        // Missed events are not replayed: each new connection reloads everything.
        after: "",
        onEvent: (event) => {
          if ((event.type === "task" || event.type === "conversation") && event.id !== null)
            freshenOne(client, event.type, event.id);
          else void client.invalidateQueries({ queryKey: [type] });
          freshen();
        },
      },
      controller.signal,
    );
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [client, type]);
}

const LISTS = { conversation: ["conversations"], task: ["tasks", "performance"] } as const;

const freshenOne = (client: QueryClient, type: TalkType, id: string) =>
  void client.invalidateQueries({ queryKey: [type, id] });
