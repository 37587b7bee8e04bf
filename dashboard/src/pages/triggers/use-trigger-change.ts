import { useMutation, useQueryClient } from "@tanstack/react-query";
import { firesQuery, triggersQuery } from "./queries.ts";

/** Reads the list and the history of a trigger again after a change. */
export function useTriggerChange<Given, Result>(change: (given: Given) => Promise<Result>, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all(
        [triggersQuery.queryKey, firesQuery(id).queryKey].map((queryKey) => client.invalidateQueries({ queryKey })),
      ),
  });
}
