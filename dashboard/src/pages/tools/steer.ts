import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ToolServerRecord } from "../../../../src/api/contract/index.ts";
import { toolServerKeys } from "../../api/tool-servers.ts";
import { notify } from "../../parts/problems/notice.tsx";

/** An act on a tool server that changes how it is seen everywhere; says so when it is done. */
export function useSteer(
  name: string,
  act: () => Promise<ToolServerRecord>,
  words: (done: ToolServerRecord) => string,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: async (done) => {
      notify(words(done));
      await Promise.all(toolServerKeys(name).map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
}
