import { useMutation, type UseMutationResult, useQueryClient } from "@tanstack/react-query";
import { refetchWebhooks } from "../../api/webhooks.ts";

type Shown = { readonly key: string | null };

/** A change that returns a secret, which its dialog shows once. */
export function useSecret(change: () => Promise<{ readonly secret: string | null }>): UseMutationResult<Shown> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => ({ key: (await change()).secret }),
    onSuccess: () => refetchWebhooks(client),
  });
}
