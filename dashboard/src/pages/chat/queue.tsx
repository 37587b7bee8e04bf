import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Clock3, X } from "lucide-react";
import { operations, type Turn } from "../../../../src/api/contract/index.ts";
import { cancelRun } from "../../api/actions.ts";
import { IconButton } from "../../parts/button.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { text } from "../../text/text.ts";

const words = text.chat;

/** Messages that wait for the end of the turn in progress, each to be withdrawn. */
export function Queue({ thread, waiting }: { readonly thread: string; readonly waiting: readonly Turn[] }) {
  const client = useQueryClient();
  const withdraw = useMutation({
    mutationFn: cancelRun,
    onSuccess: () => {
      notify(words.withdrawn);
      return client.invalidateQueries({ queryKey: ["thread", thread] });
    },
    onError: ({ message }) => notify(message),
  });
  if (waiting.length === 0) return null;
  return (
    <section aria-label={words.waiting(waiting.length)} className="rounded-lg border border-line bg-sunken/60 py-1">
      <ul>
        {waiting.map(({ run, messages }) => {
          const [first] = messages;
          const said = first?.role === "user" ? first.text : "";
          return (
            <li key={run} className="flex items-center gap-2 pr-1 pl-3 text-sm">
              <Clock3 aria-hidden className="size-3.5 shrink-0 text-muted" />
              <span className="min-w-0 flex-1 truncate">{said}</span>
              <IconButton
                label={words.withdraw(said)}
                needs={operations.run.cancel}
                disabled={withdraw.isPending}
                onClick={() => withdraw.mutate(run)}
                className="size-7!"
              >
                <X aria-hidden />
              </IconButton>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
