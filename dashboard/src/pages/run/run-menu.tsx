import { Download, Ellipsis, Hash, Play, SquareTerminal, Trash2 } from "lucide-react";
import { useState } from "react";
import { operations, requestPath, type RunDetail } from "../../../../src/api/contract/index.ts";
import { hasEnded } from "../../api/live/live.ts";
import { inWorkspace } from "../../api/workspace.ts";
import { Button } from "../../parts/button.tsx";
import { copyText } from "../../parts/content/copy.tsx";
import { Menu, type MenuItem } from "../../parts/menu.tsx";
import { CLI } from "../../parts/content/shell-command.ts";
import { text } from "../../text/text.ts";
import { DeleteRun } from "./delete-run.tsx";
import { ReplayRun } from "./replay-run.tsx";

/** What can be done with a run besides doing it again. */
export function RunMenu({ run, command }: { readonly run: RunDetail; readonly command: string }) {
  const [open, setOpen] = useState<"replay" | "delete" | null>(null);
  const icon = { "aria-hidden": true };
  const close = () => setOpen(null);
  const deletion: readonly MenuItem[] = hasEnded(run)
    ? [
        {
          label: text.run.delete.open,
          needs: operations.run.delete,
          icon: <Trash2 {...icon} />,
          act: () => setOpen("delete"),
          danger: true,
        },
      ]
    : [];
  return (
    <>
      <Menu
        trigger={
          <Button aria-label={text.actions.more} title={text.actions.more} className="px-2">
            <Ellipsis aria-hidden />
          </Button>
        }
        items={[
          { label: text.run.copyId, icon: <Hash {...icon} />, act: () => void copyText(run.id) },
          { label: text.run.copyCommand, icon: <SquareTerminal {...icon} />, act: () => void copyText(command) },
          {
            label: text.run.copyWatch,
            icon: <SquareTerminal {...icon} />,
            act: () => void copyText(`${CLI} run get ${run.id}`),
          },
          {
            label: text.run.replay.open,
            needs: operations.run.replay,
            icon: <Play {...icon} />,
            act: () => setOpen("replay"),
          },
          {
            label: text.run.export,
            needs: operations.run.export,
            icon: <Download {...icon} />,
            act: () => download(run.id),
          },
          ...deletion,
        ]}
      />
      {open === "replay" ? <ReplayRun id={run.id} onClose={close} /> : null}
      {open === "delete" ? <DeleteRun id={run.id} onClose={close} /> : null}
    </>
  );
}

/** Saves the run with its files as one document; the server names it. */
function download(id: string): void {
  const link = document.createElement("a");
  link.href = inWorkspace(`${requestPath(operations.run.export, { id })}?artifacts=true`);
  link.download = "";
  link.click();
}
