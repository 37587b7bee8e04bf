import { useMutation, useQueryClient } from "@tanstack/react-query";
import { notify } from "../../parts/notice.tsx";

/** A change of memory: once it is made it is said, and all that is shown of memory is read anew. */
export function useChange<Given, Answer>(change: (given: Given) => Promise<Answer>, done: (answer: Answer) => string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (answer) => {
      notify(done(answer));
      await client.invalidateQueries({ queryKey: ["memory"] });
    },
  });
}
