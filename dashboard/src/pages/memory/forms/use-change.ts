import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { memoryFiguresQuery } from "../../../api/memory/memory.ts";
import { notify } from "../../../parts/problems/notice.tsx";

/** What is cached of memory and not on the page is dropped: it would be shown as it was until it is read again. */
export async function refetchMemory(client: QueryClient): Promise<void> {
  client.removeQueries({ queryKey: ["memory"], type: "inactive" });
  await client.invalidateQueries({ queryKey: ["memory"] });
}

/**
 * Invalidates all cached data of memory, also on the current page. Statistics stay until they are refetched, because the page
 * depends on them.
 */
export async function forgetCached(client: QueryClient): Promise<void> {
  client.removeQueries({ queryKey: ["memory"], type: "inactive" });
  const [, figures] = memoryFiguresQuery.queryKey;
  await Promise.all([
    client.resetQueries({ queryKey: ["memory"], predicate: ({ queryKey }) => queryKey[1] !== figures }),
    client.invalidateQueries(memoryFiguresQuery),
  ]);
}

/** A mutation of memory: on success it shows a message and refetches all data of memory. */
export function useChange<Given, Answer>(
  change: (given: Given) => Promise<Answer>,
  done: (answer: Answer) => string,
  { refresh = refetchMemory }: { readonly refresh?: (client: QueryClient, answer: Answer) => Promise<void> } = {},
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (answer) => {
      notify(done(answer));
      await refresh(client, answer);
    },
  });
}
