import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Secret } from "../../../../src/api/contract/index.ts";
import { refetchSecrets } from "../../api/secrets.ts";

/** Stores the value of a field, and clears the field afterwards. The value is in no state and in no cache. */
export function useStore(store: (value: string) => Promise<Secret>, done: () => void) {
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [isFilled, setFilled] = useState(false);
  const change = useMutation({
    mutationFn: () => store(input.current?.value ?? ""),
    onSuccess: () => {
      if (input.current !== null) input.current.value = "";
      setFilled(false);
      done();
      return refetchSecrets(client);
    },
  });
  return { input, isFilled, setFilled, store: change };
}
