import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { deleteRun } from "../../api/actions.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";

const words = text.run.delete;

/** Asks whether a run is to be deleted, and goes back to the runs once it is. */
export function DeleteRun({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => deleteRun(id),
    onSuccess: async () => {
      notify(words.done);
      await navigate({ to: "/runs" });
      client.removeQueries({ queryKey: ["run", id] });
      await client.invalidateQueries({ queryKey: ["runs"] });
    },
  });
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div className="space-y-4 overflow-y-auto p-5">
        <p className="text-muted">{words.note}</p>
        {remove.error === null ? null : <ProblemView error={remove.error} />}
        <div className="flex justify-end gap-2">
          <Button data-autofocus onClick={onClose}>
            {text.actions.cancel}
          </Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {words.action}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
