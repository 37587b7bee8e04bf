import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { memoryFiguresQuery } from "../../api/memory.ts";
import { notify } from "../../parts/notice.tsx";

/** What is cached of memory and not on the page is dropped: it would be shown as it was until it is read again. */
export async function readAnew(client: QueryClient): Promise<void> {
  client.removeQueries({ queryKey: ["memory"], type: "inactive" });
  await client.invalidateQueries({ queryKey: ["memory"] });
}

/**
 * Nothing that is cached of memory holds any more, also what is on the page. Figures stay until they are read again: the page
 * stands on them, with what it has just been told.
 */
export async function forgetCached(client: QueryClient): Promise<void> {
  client.removeQueries({ queryKey: ["memory"], type: "inactive" });
  const [, figures] = memoryFiguresQuery.queryKey;
  await Promise.all([
    client.resetQueries({ queryKey: ["memory"], predicate: ({ queryKey }) => queryKey[1] !== figures }),
    client.invalidateQueries(memoryFiguresQuery),
  ]);
}

/** A change of memory: once it is made it is said, and all that is shown of memory is read anew. */
export function useChange<Given, Answer>(
  change: (given: Given) => Promise<Answer>,
  done: (answer: Answer) => string,
  { refresh = readAnew }: { readonly refresh?: (client: QueryClient, answer: Answer) => Promise<void> } = {},
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
